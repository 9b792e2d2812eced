"""Analyses of scored submissions: which are asked for, what is kept of them, and when they are replaced."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from evaluator.catalog import METRICS
from tests.support.factories import (
    claim,
    make_blob,
    make_report,
    make_split,
    make_submission,
    make_user,
    make_variant,
)
from tests.support.findings import analyse_as, make_findings
from webapp.jobs.models import Job
from webapp.jobs.services import job_finish_failed
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.ranks import boards_rank
from webapp.leaderboards.selectors import leaderboard
from webapp.leaderboards.services import boards_fill
from webapp.submissions.analyses.attempts import analysis_claim, analysis_finish
from webapp.submissions.analyses.models import Analysis
from webapp.submissions.analyses.selectors import analysis_numbers, findings_of
from webapp.submissions.analyses.services import WAITING, analyses_request_due
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.errata.services import reevaluations_request
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


def finish(**metrics: float | None) -> None:
    report = make_report(**(metrics or {"AP": 0.3, "AP50": 0.5, "AR10": 0.475}))
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(report))


def scored(**fields: Any) -> Submission:
    submission = make_submission(**fields)
    if submission.status == Submission.Status.QUEUED:
        finish()
    submission.refresh_from_db()
    return submission


def read(submission: Submission) -> str:
    return Client().get(submission.get_absolute_url()).content.decode()


def test_a_score_has_its_analysis_asked_for_once_and_shows_without_it() -> None:
    submission = scored()
    assert (submission.status, submission.scores.count()) == (Submission.Status.SCORED, 3)
    page = read(submission)
    assert "Finds objects (AR10 47.5)" in page
    assert "A worker is going to analyse the errors" in page
    assert [analyses_request_due(), analyses_request_due()] == [1, 0]
    assert Job.objects.get(kind=Job.Kind.ANALYSE).analysis.submission == submission
    assert 'hx-select="#explanation"' in read(submission)


def test_what_it_found_begins_the_page_and_is_in_the_api() -> None:
    submission = scored()
    analyse_as(make_findings({"switch": 0.082}, heavy={"switch": 0.12}))
    page = read(submission)
    sentence = "Finds objects (AR10 47.5) but loses their identity under occlusion: "
    assert (
        0
        < page.index('<p id="diagnosis"')
        < page.index("HOTA&#x27;s association is 31.0")
        < page.index("result-title")
    )
    assert "A worker is going to analyse" not in page
    for title in ("What do errors cost?", "Which errors does occlusion cause?", "How exact are the masks?"):
        assert f'aria-label="{title}"' in page
    answer = Client().get(f"/api/v1/submissions/{submission.pk}").json()
    assert answer["diagnosis"].startswith(sentence)
    found = answer["analysis"]
    assert found["errors"]["kinds"]["switch"] == {"dAP50": 0.082, "count": 3}
    assert found["errors_by"]["occlusion"]["heavy"]["kinds"]["switch"]["dAP50"] == 0.12
    assert (found["tracking"]["AssA"], found["ap_by_iou"]["0.50"], len(found["ap_by_iou"])) == (
        0.31,
        0.62,
        10,
    )
    assert found["tracking_per_category"] == {"cat": {"HOTA": 0.123}}


def test_numbers_by_category_are_details_of_the_split() -> None:
    submission = scored(split=make_split(details_visible=False))
    analyse_as(make_findings())
    seen, all_of_it = (findings_of(submission, user=make_user(is_staff=staff)) for staff in (False, True))
    assert seen is not None
    assert all_of_it is not None
    assert (seen["tracking"]["per_category"], bool(all_of_it["tracking"]["per_category"])) == ({}, True)
    assert (
        Client().get(f"/api/v1/submissions/{submission.pk}").json()["analysis"]["tracking_per_category"] == {}
    )


def test_numbers_of_a_blind_phase_are_explained_to_nobody_else() -> None:
    submission = scored(split=make_split(scores_visible=False))
    analyse_as(make_findings({"switch": 0.082}))
    answer = Client().get(f"/api/v1/submissions/{submission.pk}").json()
    assert (answer["analysis"], answer["diagnosis"]) == (None, None)
    assert "diagnosis" not in read(submission)


def test_boards_get_the_metrics_of_the_catalog_by_submission() -> None:
    submission, other = scored(), scored()
    analyses_request_due()
    analyse_as(make_findings({"switch": 0.082}))
    numbers = analysis_numbers([submission.pk, other.pk])
    assert list(numbers) == [str(other.pk)]  # the latest goes first; the other waits
    found = numbers[str(other.pk)]
    assert found.keys() <= METRICS.keys()
    assert (found["HOTA"], found["dAP50_switch"]) == (0.4, 0.082)


def test_the_same_file_of_the_same_author_is_analysed_once() -> None:
    author = make_user()
    first = scored(author=author)
    analyse_as(make_findings({"switch": 0.082}))
    again = scored(
        author=author,
        split=first.split,
        blob=first.blob,
        variant=make_variant(author),
    )
    stranger = scored(split=first.split, blob=first.blob)
    assert analyses_request_due() == 2
    assert Analysis.objects.get(submission=again).findings == Analysis.objects.get(submission=first).findings
    assert Analysis.objects.get(submission=stranger).findings is None


def test_maps_published_numbers_and_scores_of_another_evaluator_have_none() -> None:
    scored(split=make_split(benchmark={"evaluator": "vspw", "task": "vss"}))
    old = scored()
    Submission.objects.filter(pk=old.pk).update(evaluator="0.9")
    make_submission()
    assert analyses_request_due() == 0
    assert not Analysis.objects.exists()


def test_older_results_are_analysed_a_few_at_a_time() -> None:
    split = make_split()
    for _ in range(WAITING + 2):
        scored(split=split)
    assert [analyses_request_due(), analyses_request_due()] == [WAITING, 0]
    analyse_as(make_findings())
    assert analyses_request_due() == 1


def test_a_failed_analysis_harms_no_score_and_is_not_tried_for_ever() -> None:
    submission = scored()
    analyses_request_due()
    taken = analysis_claim(worker="test")
    assert taken is not None
    assert job_finish_failed(token=taken.token, code="out-of-memory")
    assert analyses_request_due() == 0
    submission.refresh_from_db()
    assert submission.status == Submission.Status.SCORED
    page = read(submission)
    assert "Finds objects (AR10 47.5)" in page
    assert "A worker is going to analyse" not in page


def test_measured_again_against_another_ground_truth_it_is_explained_again() -> None:
    submission = scored()
    analyse_as(make_findings({"switch": 0.082}))
    former = findings_of(submission, user=make_user())
    assert former is not None
    submission.split.ground_truth = make_blob()
    submission.split.save()
    reevaluations_request(submissions=[submission], reason="another ground truth", actor=None)
    finish(AP=0.2, AR10=0.2)
    submission.refresh_from_db()
    assert findings_of(submission, user=make_user()) is None  # the former explains other numbers
    assert "switched identities" not in read(submission)
    analyse_as(make_findings({"missed": 0.3}))
    assert "misses others" in read(submission)
    assert Analysis.objects.count() == 1


def test_an_analysis_under_way_when_it_is_measured_again_is_dropped() -> None:
    submission = scored()
    analyses_request_due()
    taken = analysis_claim(worker="slow")
    assert taken is not None
    submission.split.ground_truth = make_blob()
    submission.split.save()
    reevaluations_request(submissions=[submission], reason="another ground truth", actor=None)
    finish()
    assert analyses_request_due() == 1
    assert not analysis_finish(token=taken.token, evaluator=submission.evaluator, findings=make_findings())
    assert Analysis.objects.get().findings is None


def test_neither_the_report_nor_its_digest_nor_the_receipt_change() -> None:
    submission = scored()
    addresses = [f"/api/v1/submissions/{submission.pk}/{part}" for part in ("result", "receipt")]
    before = [Client().get(address).json() for address in addresses]
    analyse_as(make_findings())
    assert [Client().get(address).json() for address in addresses] == before


def test_the_board_has_its_numbers_in_groups_that_are_closed_at_first_and_sorts_by_them() -> None:
    split = make_split()
    for name, association in (("A", 0.2), ("B", 0.7)):
        author = make_user()
        scored(split=split, author=author, variant=make_variant(author, name))
        findings = make_findings({"switch": 0.3 - association / 3})
        findings["tracking"]["det_averaged"]["HOTA"] = association
        analyse_as(findings)
    boards_rank()
    board = leaderboard(split=split, user=make_user(), filters=Filters.from_query(QueryDict("")))
    assert (board.hidden["tracking"], board.hidden["errors"]) == (5, 9)
    by_hota = Filters.from_query(QueryDict("sort=-HOTA"))
    rows = leaderboard(split=split, user=make_user(), filters=by_hota).rows
    assert [(one.rank, one.row.method, one.row.values["HOTA"]) for one in rows] == [
        (1, "B", 0.7),
        (2, "A", 0.2),
    ]
    page = Client().get(f"{split.get_absolute_url()}&sort=dAP50_switch").content.decode()
    assert "6.7" in page
    assert page.index(">B<") < page.index(">A<")  # the lower cost is the better one
    Submission.objects.filter(split=split).update(evaluator="0.9")
    boards_fill(split.pk)
    assert "tracking" not in leaderboard(split=split, user=make_user(), filters=Filters()).hidden
