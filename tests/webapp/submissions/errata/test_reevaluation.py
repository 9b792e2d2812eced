"""Scored submissions measured again: when, what is kept, and what people read of it."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.factories import claim, make_blob, make_report, make_split, make_submission, make_user
from webapp.jobs.models import Job
from webapp.jobs.selectors import job_position
from webapp.jobs.services import job_finish_failed
from webapp.submissions.attempts import evaluation_claim, evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.errata.selectors import replacements_visible_to, stale_reason, submissions_stale
from webapp.submissions.errata.services import reevaluations_request
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome, result_read

pytestmark = pytest.mark.django_db
REASON = "Ties of scores were ordered wrongly."


def finish(**metrics: float | None) -> dict[str, Any]:
    report = make_report(**metrics)
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(report, samples={}))
    return report


def scored(evaluator: str = "0.9", **fields: Any) -> Submission:
    """Scored some time ago, AP 50 %."""
    submission = make_submission(**fields)
    finish(AP=0.5, AR1=0.25)
    Submission.objects.filter(pk=submission.pk).update(evaluator=evaluator)
    return fresh(submission)


def fresh(submission: Submission) -> Submission:
    return Submission.objects.select_related("split__benchmark", "job").get(pk=submission.pk)


def request(*submissions: Submission) -> int:
    return reevaluations_request(submissions=submissions, reason=REASON, actor=None)


def numbers(submission: Submission) -> dict[str, float | None]:
    return dict(submission.scores.values_list("metric", "value"))


def test_a_score_is_stale_by_another_evaluator_or_another_ground_truth() -> None:
    current = make_submission()
    finish()
    assert stale_reason(fresh(current)) == ""
    old = scored()
    assert "0.9" in stale_reason(old)
    assert set(submissions_stale()) == {old}
    current.split.ground_truth = make_blob()
    current.split.save()
    assert "ground truth" in stale_reason(fresh(current))
    assert set(submissions_stale()) == {old, fresh(current)}


def test_new_numbers_replace_the_earlier_ones_which_are_kept() -> None:
    submission = scored()
    digest = submission.digest
    assert request(submission) == 1
    assert (fresh(submission).status, numbers(submission)) == (
        Submission.Status.SCORED,
        {"AP": 0.5, "AR1": 0.25},
    )
    report = finish(AP=0.51, AR1=0.25)
    again = Reevaluation.objects.get()
    assert numbers(submission) == {"AP": 0.51, "AR1": 0.25}
    assert (fresh(submission).digest, again.before_digest) == (report["digest"], digest)
    assert (again.before_evaluator, again.before_metrics) == ("0.9", {"AP": 0.5, "AR1": 0.25})
    assert result_read(fresh(submission))["metrics"]["AP"] == 0.51
    assert not submissions_stale().exists()


def test_it_is_measured_against_todays_ground_truth() -> None:
    submission = scored()
    earlier = submission.ground_truth
    submission.split.ground_truth = make_blob()
    submission.split.save()
    request(submission)
    assert claim_ground_truth() == submission.split.ground_truth
    assert fresh(submission).ground_truth == submission.split.ground_truth
    assert Reevaluation.objects.get().before_ground_truth == earlier


def claim_ground_truth() -> object:
    taken = claim()
    assert evaluation_finish_scored(token=taken.token, outcome=Outcome(make_report(), samples={}))
    return taken.ground_truth


def test_a_ground_truth_that_changes_during_the_claim_is_not_taken_for_the_one_written_down() -> None:
    submission = make_submission()
    former, fresh_truth = submission.split.ground_truth, make_blob()

    def change(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        if sql.startswith('UPDATE "submissions_submission"'):  # its status: the claim is half done
            with context["connection"].cursor() as cursor:
                cursor.cursor.execute(
                    "UPDATE benchmarks_split SET ground_truth_id = %s WHERE id = %s",
                    [fresh_truth.pk, submission.split_id],
                )
        return done

    with connection.execute_wrapper(change):
        taken = evaluation_claim(worker="test")
    submission.refresh_from_db()
    submission.split.refresh_from_db()
    assert taken
    assert taken.ground_truth == submission.ground_truth == former
    assert submission.split.ground_truth == fresh_truth


def test_new_submissions_go_first() -> None:
    old = scored()
    request(old)
    new = make_submission()
    assert claim().submission_id == new.id
    assert claim().submission_id == old.id


def test_it_is_queued_once_however_often_it_is_asked_for() -> None:
    submission = scored()
    assert [request(submission), request(submission)] == [1, 0]
    assert job_position(Job.objects.get(kind=Job.Kind.REEVALUATE)) == 1


def test_what_is_not_scored_or_has_no_file_is_passed_over() -> None:
    assert request(make_submission()) == 0


def test_a_failure_of_ours_leaves_the_earlier_numbers() -> None:
    submission = scored()
    request(submission)
    assert job_finish_failed(token=claim().token, code="time-limit")
    assert (fresh(submission).status, numbers(submission)["AP"]) == (Submission.Status.SCORED, 0.5)


def test_a_file_that_is_no_longer_accepted_keeps_its_numbers_and_says_why() -> None:
    submission = scored()
    request(submission)
    problems = [{"code": "json-invalid", "severity": "error"}]
    assert evaluation_finish_rejected(token=claim().token, problems=problems)
    assert (fresh(submission).status, numbers(submission)["AP"]) == (Submission.Status.SCORED, 0.5)
    assert Reevaluation.objects.get().problems == problems


def test_the_errata_page_tells_what_changed_and_why() -> None:
    changed, same = scored(), scored()
    request(changed)
    finish(AP=0.52, AR1=0.26)
    request(same)
    finish(AP=0.5, AR1=0.25)
    page = Client().get("/errata/").content.decode()
    assert page.count(REASON) == 1
    assert "<del>50.0</del> 52.0" in page
    assert str(changed.pk) in page
    own = Client().get(f"/submissions/{changed.pk}/").content.decode()
    assert REASON in own


def test_nobody_reads_there_what_they_must_not_see() -> None:
    private = scored(is_public=False)
    blind = scored(split=make_split(scores_visible=False))
    for submission in (private, blind):
        request(submission)
        finish(AP=0.9)
    assert not replacements_visible_to(make_user()).exists()
    seen = replacements_visible_to(make_user(is_staff=True)).values_list("submission", flat=True)
    assert set(seen) == {private.pk, blind.pk}


def test_the_errata_page_reads_no_more_rows_than_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        request(scored())
        finish(AP=0.6 + number / 10)
    monkeypatch.setattr("webapp.pages.site.errata.PAGE_SIZE", 2)  # fifty submissions would take long
    with CaptureQueriesContext(connection) as queries:
        first = Client().get("/errata/").content.decode()
    assert [query["sql"] for query in queries if "before_metrics" in query["sql"]][-1].endswith("LIMIT 2")
    second = Client().get("/errata/", {"page": "2"}).content.decode()
    assert ("80.0" in first, "70.0" in first, "60.0" in first) == (True, True, False)
    assert ("60.0" in second, 'href="?page=1"' in second) == (True, True)


def test_the_command_takes_stale_ones_and_wants_a_reason() -> None:
    old = scored()
    make_submission()
    finish()
    out = StringIO()
    call_command("reevaluate", "--dry-run", stdout=out)
    with pytest.raises(CommandError, match="reason"):
        call_command("reevaluate", stdout=out)
    call_command("reevaluate", "no-such-benchmark", "--reason", REASON, stdout=out)
    call_command("reevaluate", old.split.benchmark.slug, "--reason", REASON, stdout=out)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["1", "0", "1"]
    assert Reevaluation.objects.get().submission == old
