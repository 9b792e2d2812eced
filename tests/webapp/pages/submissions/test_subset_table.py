"""The numbers of a submission by subset, on its page."""

import pytest
from django.test import Client

from tests.support.factories import claim, make_report, make_split, make_submission
from webapp.numbers import UNDEFINED
from webapp.pages.submissions.subset_table import subset_table
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission() -> Submission:
    """Scored with AP 50 % (33.3 % at night)."""
    split = make_split("shapes", video_count=5)
    split.subsets.create(name="night", title="Night scenes", videos=["1", "4"])
    row = make_submission(split=split)
    taken = claim()
    part = {"videos": 2, "metrics": {"AP": 1 / 3, "AP_ho": None}, "intervals": {"AP": [0.1, 0.45]}}
    report = make_report(AP=0.5) | {"subsets": {"night": part}}
    evaluation_finish_scored(token=taken.token, outcome=Outcome(report, subsets=taken.subsets))
    row.refresh_from_db()
    return row


def test_all_videos_and_each_subset_have_a_row_with_the_headline_numbers(submission: Submission) -> None:
    table = subset_table(submission)
    assert table is not None
    spec = submission.split.benchmark.spec
    assert spec is not None
    keys = [column.key for column in table.columns]
    assert (keys[0], set(keys)) == (spec.primary, set(spec.headline))
    assert [(row.title, row.videos, row.cells[0].text, row.cells[0].interval) for row in table.rows] == [
        ("All videos", 5, "50.0", ""),
        ("Night scenes", 2, "33.3", "10.0 to 45.0"),
    ]
    assert table.rows[1].cells[1].text == UNDEFINED
    assert table.missing == ()


def test_the_page_leads_to_the_board_of_the_subset(client: Client, submission: Submission) -> None:
    text = client.get(submission.get_absolute_url()).content.decode()
    assert 'href="/benchmarks/shapes/?split=val&amp;subset=night"' in text
    assert client.get("/benchmarks/shapes/?split=val&subset=night").status_code == 200


def test_a_subset_made_later_has_dashes_and_the_page_says_why(client: Client, submission: Submission) -> None:
    submission.split.subsets.create(name="long", title="Long videos", videos=["2"])
    table = subset_table(submission)
    assert table is not None
    assert table.missing == ("Long videos",)
    assert {cell.text for cell in table.rows[2].cells} == {UNDEFINED}
    text = client.get(submission.get_absolute_url()).content.decode()
    assert "Long videos: created or changed after this submission was scored" in text


def test_splits_without_subsets_have_no_such_table(client: Client) -> None:
    submission = make_submission(split=make_split())
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    submission.refresh_from_db()
    assert subset_table(submission) is None
    assert "By subset" not in client.get(submission.get_absolute_url()).content.decode()
