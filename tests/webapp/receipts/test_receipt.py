"""The receipt of a submission: who gets it, what it says, and that it can be checked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from django.test import Client
from typer.testing import CliRunner

from evaluator import evaluate
from evaluator.__main__ import app
from tests.evaluator.vis_files import ground_truth, prediction, write
from tests.support.factories import claim, make_blob, make_report, make_split, make_submission, make_user
from tests.support.rest import Api
from webapp.methods.services import factors_complete
from webapp.receipts.keys import key_rotate
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Scored:
    """A submission that was really evaluated, with its files."""

    submission: Submission
    truth: Path
    results: Path

    def receipt(self, api: Api | None = None) -> dict[str, Any]:
        answer = (api or Api()).get(f"/submissions/{self.submission.id}/receipt")
        assert answer.status_code == 200, answer.content
        document: dict[str, Any] = answer.json()
        return document

    def verify(self, document: Any, keys: Any = None) -> Result:
        words = ["verify", str(write(self.truth.with_name("receipt.json"), document))]
        words += ["--gt", str(self.truth), "--pred", str(self.results)]
        if keys is not None:
            words += ["--key", str(write(self.truth.with_name("keys.json"), keys))]
        return CliRunner().invoke(app, words)


@pytest.fixture
def scored(tmp_path: Path, settings: Any) -> Scored:
    settings.VAR = tmp_path
    truth = write(tmp_path / "gt.json", ground_truth())
    results = write(tmp_path / "results.json", [prediction()])
    split = make_split("ovis", ground_truth=make_blob(truth.read_bytes()))
    author = make_user("alice")
    submission = make_submission(author, split, blob=make_blob(results.read_bytes()))
    report = evaluate("ovis", truth, results).to_json()
    evaluation_finish_scored(token=claim().token, outcome=Outcome(report))
    submission.refresh_from_db()
    return Scored(submission, truth, results)


def published_keys() -> Any:
    return json.loads(Client().get("/.well-known/dvis-bench-keys.json").content)


def test_a_receipt_stays_the_same_when_the_vocabulary_learns_the_words_of_its_variant(scored: Scored) -> None:
    variant = scored.submission.variant
    variant.factors = {"backbone": "R50", "mode": "online"}
    variant.save()
    before = scored.receipt()
    assert factors_complete()
    variant.refresh_from_db()
    assert variant.factors == {"backbone": "ResNet-50", "mode": "online"}
    assert scored.receipt() == before
    assert scored.verify(before, published_keys()).exit_code == 0


def test_a_receipt_says_what_was_measured(scored: Scored) -> None:
    statement = scored.receipt()["receipt"]
    row = scored.submission
    assert statement["submission"] == {
        "id": str(row.id),
        "url": f"http://testserver/submissions/{row.id}/",
        "origin": "upload",
        "author": "alice",
        "method": row.variant.method.name,
        "variant": "default",
        "factors": {},
        "submitted_at": row.created_at.isoformat(),
        "scored_at": row.finished_at and row.finished_at.isoformat(),
    }
    assert statement["server"] == {"name": "DVIS-Bench", "url": "http://testserver"}
    assert statement["benchmark"] == {
        "slug": "ovis", "name": "Benchmark", "split": "val", "evaluator": "ovis",
    }  # fmt: skip
    assert (statement["digest"], statement["evaluator"]) == (row.digest, row.evaluator)
    assert statement["predictions"] == {"sha256": row.blob_id, "size": scored.results.stat().st_size}
    assert statement["ground_truth"] == {"sha256": row.split.ground_truth_id}
    assert statement["metrics"] == dict(row.scores.values_list("metric", "value"))
    assert statement["run"] is None


def test_a_receipt_is_verified_offline_with_the_published_keys(scored: Scored) -> None:
    done = scored.verify(scored.receipt(), published_keys())
    assert done.exit_code == 0, done.output
    assert "Verified:" in done.stdout


def test_a_receipt_that_was_changed_is_not_verified(scored: Scored) -> None:
    document = scored.receipt()
    document["receipt"]["metrics"]["AP"] = 1.0
    assert scored.verify(document, published_keys()).exit_code == 1


def test_a_receipt_from_before_a_rotation_stays_good(scored: Scored) -> None:
    before = scored.receipt()
    key_rotate()
    after = scored.receipt()
    assert before["receipt"] == after["receipt"]
    assert before["signature"]["key_id"] != after["signature"]["key_id"]
    for document in (before, after):
        assert scored.verify(document, published_keys()).exit_code == 0


def test_the_same_submission_gets_the_same_receipt(scored: Scored) -> None:
    assert scored.receipt() == scored.receipt()


def test_a_receipt_is_sent_as_a_file(scored: Scored) -> None:
    answer = Api().get(f"/submissions/{scored.submission.id}/receipt")
    assert answer["Content-Disposition"] == f'attachment; filename="receipt-{scored.submission.id}.json"'


def test_the_page_links_to_the_receipt(scored: Scored, client: Client) -> None:
    page = client.get(scored.submission.get_absolute_url()).content.decode()
    assert f'href="/api/v1/submissions/{scored.submission.id}/receipt"' in page


def test_the_receipt_of_a_hidden_submission_does_not_exist_for_others(scored: Scored) -> None:
    Submission.objects.filter(pk=scored.submission.pk).update(is_public=False)
    path = f"/submissions/{scored.submission.id}/receipt"
    for api in (Api(), Api(make_user("bob"))):
        assert api.get(path).status_code == 404
    for api in (Api(scored.submission.author), Api(make_user("staff", is_staff=True))):
        assert api.get(path).status_code == 200


def test_in_a_blind_phase_staff_alone_get_receipts(scored: Scored) -> None:
    split = scored.submission.split
    split.scores_visible = False
    split.save()
    path = f"/submissions/{scored.submission.id}/receipt"
    answer = Api(scored.submission.author).get(path)
    assert answer.status_code == 403
    assert answer.json()["problems"][0]["code"] == "scores-hidden"
    assert Api(make_user("staff", is_staff=True)).get(path).status_code == 200


def test_what_was_not_scored_here_has_no_receipt() -> None:
    queued = make_submission(make_user("alice"))
    reported = make_submission(make_user("carol"))
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    Submission.objects.filter(pk=reported.pk).update(origin="reported", blob=None, ground_truth=None)
    fresh = make_submission(queued.author)
    for row in (fresh, reported):
        answer = Api(row.author).get(f"/submissions/{row.id}/receipt")
        assert answer.status_code == 409
        assert answer.json()["problems"][0]["code"] == "no-receipt"
