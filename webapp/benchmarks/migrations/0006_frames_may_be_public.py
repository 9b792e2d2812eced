"""Whether pages may show the frames of a split. Nobody was asked for the splits that are there: off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("benchmarks", "0005_when_scores_were_revealed")]
    operations = [
        migrations.AddField(
            "split",
            "frames_public",
            models.BooleanField(
                default=False, help_text="on: whoever sees the split may look at its frames"
            ),
        )
    ]
