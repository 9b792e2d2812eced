"""What a reference run ran with and on: on the page of its submission, and in its receipt."""

from typing import Any

import pytest
from django.test import Client

from tests.support.factories import claim, make_blob, make_report, make_user
from tests.support.rest import Api
from tests.support.runs import claim_run, make_checkpoint, make_run, store_video
from webapp.checkpoints.models import Checkpoint
from webapp.runs.attempts import run_finish
from webapp.runs.models import Run
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db
SHA256 = "ab" * 32


def finished(provenance: dict[str, Any]) -> Run:
    """A run whose submission is scored."""
    author = make_user("alice")
    weights = make_checkpoint(author, "tiny_shapes")
    run = make_run(author, checkpoint=weights)
    execution = claim_run()
    for number in range(len(execution.videos)):
        store_video(execution, number, seconds=2.5, device="NVIDIA H200")
    checkpoint = {"sha256": weights.sha256}
    told = {"checkpoint": checkpoint, "code": {"version": "0.1.0", "sha256": SHA256}, **provenance}
    assert run_finish(token=execution.token, blob=make_blob(), filename="results.json", provenance=told)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    return Run.objects.select_related("submission", "checkpoint").get(pk=run.pk)


def test_the_page_tells_device_speed_memory_weights_and_code(client: Client) -> None:
    run = finished({"libraries": {"torch": "2.13.0"}})
    assert run.submission is not None
    assert run.checkpoint is not None
    page = client.get(run.submission.get_absolute_url()).content.decode()
    for fact in ("NVIDIA H200", "tiny_shapes", "float32", run.checkpoint.sha256, SHA256, "torch 2.13.0"):
        assert fact in page
    assert "segmenter 5.0" in page  # seconds of two videos
    assert '<dd class="num">4.0</dd>' in page  # 20 frames in 5 s
    assert run.get_absolute_url() in page


def test_the_name_of_a_private_checkpoint_is_for_those_who_may_see_it(client: Client) -> None:
    run = finished({})
    assert run.submission is not None
    assert run.checkpoint is not None
    secret, seen = "my weights", f"/checkpoints/{run.checkpoint.pk}/"
    Checkpoint.objects.update(filename="secret-project.pth")
    places = [run.get_absolute_url(), run.submission.get_absolute_url(), run.split.get_absolute_url()]
    answers = [f"/api/v1/runs/{run.pk}", f"/api/v1/submissions/{run.submission.pk}/receipt"]
    for address in (*places, *answers, f"/api/v1/submissions/{run.submission.pk}", "/methods/"):
        text = client.get(address, follow=True).content.decode()
        assert (secret in text, "secret-project" in text, seen in text) == (False, False, False), address
    for address in places[:2]:
        text = client.get(address).content.decode()
        assert f"a private checkpoint, SHA-256 <code>{run.checkpoint.sha256}" in text
    for person, shows in ((run.author, True), (make_user(is_staff=True), True), (make_user(), False)):
        client.force_login(person)
        for address in places[:2]:
            text = client.get(address).content.decode()
            assert (f'<a href="{seen}">{secret}</a>' in text) == shows, (person, address)


def test_a_run_of_a_public_checkpoint_is_named_after_it() -> None:
    author = make_user()
    public = make_checkpoint(author, "tiny_shapes", visibility=Checkpoint.Visibility.PUBLIC)
    assert make_run(author, checkpoint=public).variant.name.endswith("my weights")
    private = make_checkpoint(author, "tiny_shapes")
    assert make_run(author, checkpoint=private).variant.name.endswith(f"checkpoint {private.sha256[:12]}")


def test_the_receipt_has_all_of_it_under_the_signature() -> None:
    run = finished({"libraries": {"torch": "2.13.0"}, "device": {"kind": "cuda"}})
    assert run.submission is not None
    statement = Api().get(f"/submissions/{run.submission.id}/receipt").json()["receipt"]
    assert statement["submission"]["origin"] == "run"
    told = statement["run"]
    assert {name: told[name] for name in run.provenance} == run.provenance
    assert told["id"] == str(run.id)
    figures = told["figures"]
    assert (figures["frames"], figures["seconds"], figures["frames_per_second"]) == (20, 5.0, 4.0)
    assert (figures["device"], figures["stage_seconds"]) == ("NVIDIA H200", {"segmenter": 5.0})
