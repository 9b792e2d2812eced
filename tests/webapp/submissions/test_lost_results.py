"""A result whose file was lost or damaged: everything that does not need it goes on, the rest says so."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.support.boards import make_board
from tests.support.factories import claim, make_report, make_submission
from webapp.benchmarks.models import Split
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


def scored(split: Split, ap: float) -> Submission:
    row = make_submission(split=split)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=ap)))
    row.refresh_from_db()
    return row


@pytest.fixture(params=["lost", "cut off", "damaged"])
def submission(request: pytest.FixtureRequest) -> Submission:
    """A scored submission whose result cannot be read."""
    row = scored(make_board("shapes"), 0.5)
    assert row.result is not None
    path = Path(settings.MEDIA_ROOT, row.result.key)
    content = path.read_bytes()
    path.unlink()
    if request.param == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif request.param == "damaged":
        path.write_bytes(b"\x1f\x8b" + b"\0" * 40)
    return row


def test_its_page_shows_the_scores_and_says_what_is_missing(client: Client, submission: Submission) -> None:
    response = client.get(submission.get_absolute_url())
    page = response.content.decode()
    assert response.status_code == 200
    assert "is missing or damaged on this server. Its scores are not affected." in page
    assert "<dd>50.0</dd>" in page
    assert "scored here" in page
    assert submission.digest in page


def test_answers_that_need_it_say_so_and_the_others_stay(client: Client, submission: Submission) -> None:
    address = f"/api/v1/submissions/{submission.id}"
    other = scored(submission.split, 0.4)
    both = f"{submission.id},{other.id}"
    for lost in (f"{address}/result", f"/api/v1/compare?submissions={both}"):
        answer = client.get(lost)
        assert (answer.status_code, answer.json()["problems"][0]["code"]) == (503, "result-lost")
    page = client.get("/compare/", {"submissions": both})
    assert (page.status_code, b"missing or damaged" in page.content) == (503, True)
    receipt = client.get(f"{address}/receipt")
    assert receipt.json()["receipt"]["metrics"] == {"AP": 0.5}
    assert client.get(submission.split.get_absolute_url()).status_code == 200
