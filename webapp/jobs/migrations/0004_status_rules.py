"""The database itself refuses a wrong change of a job's status, and a run that succeeded without a submission."""

from django.db import migrations

RULES = """
CREATE TABLE jobs_transition (
    old varchar(10) NOT NULL, new varchar(10) NOT NULL, PRIMARY KEY (old, new)
);
INSERT INTO jobs_transition (old, new) VALUES
    ('queued', 'running'), ('queued', 'cancelled'),
    ('running', 'queued'), ('running', 'succeeded'), ('running', 'failed'), ('running', 'cancelled'),
    ('failed', 'queued'), ('failed', 'cancelled');

CREATE FUNCTION jobs_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM jobs_transition t WHERE t.old = OLD.status AND t.new = NEW.status) THEN
        RAISE EXCEPTION 'job %: status cannot change from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER jobs_transition BEFORE UPDATE OF status ON jobs_job
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION jobs_check_transition();

-- Deferred to the commit, so that both may be written in either order.
CREATE FUNCTION jobs_check_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM jobs_job j JOIN runs_run r ON r.id = j.run_id WHERE j.id = NEW.id
               AND j.status = 'succeeded' AND r.submission_id IS NULL) THEN
        RAISE EXCEPTION 'run %: succeeded without a submission', NEW.run_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER jobs_succeeded_run_has_submission
    AFTER INSERT OR UPDATE OF status ON jobs_job DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION jobs_check_run();
"""

UNDO = """
DROP TRIGGER jobs_succeeded_run_has_submission ON jobs_job;
DROP FUNCTION jobs_check_run();
DROP TRIGGER jobs_transition ON jobs_job;
DROP FUNCTION jobs_check_transition();
DROP TABLE jobs_transition;
"""


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_job_works_for_runs_and_checkpoints")]
    operations = [migrations.RunSQL(RULES, UNDO)]
