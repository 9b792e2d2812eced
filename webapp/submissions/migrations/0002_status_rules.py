"""The database itself refuses a wrong change of status, and "scored" without scores."""

from django.db import migrations

TRANSITIONS = """
CREATE TABLE submissions_transition (
    old varchar(10) NOT NULL, new varchar(10) NOT NULL, PRIMARY KEY (old, new)
);
INSERT INTO submissions_transition (old, new) VALUES
    ('received', 'queued'), ('received', 'rejected'), ('received', 'scored'), ('received', 'withdrawn'),
    ('queued', 'running'), ('queued', 'failed'), ('queued', 'withdrawn'),
    ('running', 'queued'), ('running', 'scored'), ('running', 'rejected'), ('running', 'failed'),
    ('running', 'withdrawn'),
    ('failed', 'queued'), ('failed', 'withdrawn');

CREATE FUNCTION submissions_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM submissions_transition t WHERE t.old = OLD.status AND t.new = NEW.status) THEN
        RAISE EXCEPTION 'submission %: status cannot change from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER submissions_transition BEFORE UPDATE OF status ON submissions_submission
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION submissions_check_transition();

-- Deferred to the commit, so that status and scores may be written in either order.
CREATE FUNCTION submissions_check_scores() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM submissions_submission s WHERE s.id = NEW.id AND s.status = 'scored'
               AND NOT EXISTS (SELECT 1 FROM submissions_score WHERE submission_id = s.id)) THEN
        RAISE EXCEPTION 'submission %: scored without scores', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER submissions_scored_has_scores
    AFTER INSERT OR UPDATE OF status ON submissions_submission DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION submissions_check_scores();
"""

UNDO = """
DROP TRIGGER submissions_scored_has_scores ON submissions_submission;
DROP FUNCTION submissions_check_scores();
DROP TRIGGER submissions_transition ON submissions_submission;
DROP FUNCTION submissions_check_transition();
DROP TABLE submissions_transition;
"""


class Migration(migrations.Migration):
    dependencies = [("submissions", "0001_initial")]
    operations = [migrations.RunSQL(TRANSITIONS, UNDO)]
