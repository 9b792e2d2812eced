"""When the scores of a split were shown after a blind phase. The database writes it, whoever ends the phase."""

from django.db import migrations, models

RULE = """
CREATE FUNCTION benchmarks_split_reveals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revealed_at := CASE WHEN NEW.scores_visible AND NOT OLD.scores_visible THEN now() ELSE OLD.revealed_at END;
    RETURN NEW;
END $$;
CREATE TRIGGER benchmarks_split_reveals BEFORE UPDATE ON benchmarks_split
    FOR EACH ROW EXECUTE FUNCTION benchmarks_split_reveals();
"""

UNDO = """
DROP TRIGGER benchmarks_split_reveals ON benchmarks_split;
DROP FUNCTION benchmarks_split_reveals();
"""


class Migration(migrations.Migration):
    dependencies = [("benchmarks", "0004_rules_of_splits")]
    operations = [
        migrations.AddField(
            "split",
            "revealed_at",
            models.DateTimeField(
                blank=True,
                editable=False,
                null=True,
                help_text="when the last blind phase ended; the database writes it",
            ),
        ),
        migrations.RunSQL(RULE, UNDO),
    ]
