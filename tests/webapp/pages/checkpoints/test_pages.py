"""The pages of checkpoints, with and without scripts."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.support.factories import make_user
from tests.webapp.checkpoints.checked import claimed, make_checkpoint, make_ready, make_refused
from webapp.accounts.models import User
from webapp.blobs.storage import blob_bytes
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.problems import CHECKPOINT_PROBLEMS
from webapp.jobs.services import job_finish_failed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_list_shows_what_may_be_run_and_filters_it(page: Client, alice: User) -> None:
    bob = make_user("bob")
    make_ready(alice, name="Mine alone")
    make_ready(bob, name="Shared one", shared_with=["alice"])
    make_ready(bob, name="Public one", visibility="public")
    make_ready(bob, name="Hidden one")

    def names(show: str) -> list[str]:
        text = read(page, f"/checkpoints/?show={show}")
        return [name for name in ("Mine alone", "Shared one", "Public one", "Hidden one") if name in text]

    assert names("") == ["Mine alone", "Shared one", "Public one"]
    assert names("mine") == ["Mine alone"]
    assert names("shared") == ["Shared one"]
    assert names("public") == ["Public one"]
    assert names("nonsense") == names("")
    assert "Mine alone" not in read(Client(), "/checkpoints/?show=mine")


def test_a_file_that_comes_with_the_form_becomes_a_checkpoint(page: Client, alice: User) -> None:
    make_user("bob")
    fields = {"name": "", "visibility": "private", "shared_with": "bob, alice"}
    answer = page.post("/checkpoints/upload/", {**fields, "file": SimpleUploadedFile("dvis.pth", b"weights")})
    checkpoint = Checkpoint.objects.get()
    assert answer["Location"] == checkpoint.get_absolute_url()
    assert (checkpoint.name, checkpoint.owner) == ("dvis.pth", alice)
    assert blob_bytes(checkpoint.source) == b"weights"
    assert [user.username for user in checkpoint.shared_with.all()] == ["bob"]


def test_a_form_with_a_mistake_keeps_the_file_that_came_with_it(page: Client) -> None:
    fields = {"visibility": "private", "shared_with": "nobody-of-that-name"}
    answer = page.post("/checkpoints/upload/", {**fields, "file": SimpleUploadedFile("dvis.pth", b"weights")})
    assert answer.status_code == 422
    assert "There is no user nobody-of-that-name" in answer.content.decode()
    again = {**fields, "shared_with": "", "upload": str(answer.context["upload"].pk)}
    assert page.post("/checkpoints/upload/", again).status_code == 302


def test_a_form_without_a_file_says_which_it_takes(page: Client) -> None:
    answer = page.post("/checkpoints/upload/", {"visibility": "private"})
    assert "Choose a .pth, .pkl or .safetensors file." in answer.content.decode()


def test_uploading_needs_a_log_in(client: Client) -> None:
    assert client.get("/checkpoints/upload/")["Location"].startswith("/accounts/login/")


def test_one_that_is_being_checked_asks_again_and_a_ready_one_does_not(page: Client, alice: User) -> None:
    waiting, ready = make_checkpoint(alice), None
    assert 'hx-trigger="every 2s"' in read(page, waiting.get_absolute_url())
    claimed()
    ready = make_ready(alice)
    text = read(page, ready.get_absolute_url())
    assert "hx-trigger" not in text
    for fact in ("ovis/DVIS_Offline_R50", "and 1 more", "51,234,567", ready.sha256, str(ready.weights_id)):
        assert fact in text
    assert "Mask2Former, ResNet-50; referring tracker; temporal refiner" in text


def test_htmx_gets_the_state_alone(page: Client, alice: User) -> None:
    address = make_checkpoint(alice).get_absolute_url()
    text = page.get(address, headers={"HX-Target": "checkpoint-state"}).content.decode()
    assert '<section id="checkpoint-state"' in text
    assert "<html" not in text


def test_a_refused_one_shows_each_difference_and_what_to_do(page: Client, alice: User) -> None:
    lines = ("backbone: 3 missing: a", "<script>alert(1)</script>: 1 unexpected: x")
    text = read(page, make_refused(alice, lines).get_absolute_url())
    assert "It fits no model that this server knows" in text
    assert "backbone: 3 missing: a" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "python -m dvis_model inspect" in text


def test_its_owner_shares_and_deletes_it_by_forms(page: Client, alice: User) -> None:
    make_user("bob")
    checkpoint = make_ready(alice)
    fields = {"name": "Final", "visibility": "public", "shared_with": "bob"}
    page.post(f"/checkpoints/{checkpoint.pk}/share/", fields)
    checkpoint.refresh_from_db()
    assert (checkpoint.name, checkpoint.visibility) == ("Final", "public")
    answer = page.post(f"/checkpoints/{checkpoint.pk}/share/", {**fields, "name": ""}, follow=True)
    assert "Not saved" in answer.content.decode()
    page.post(f"/checkpoints/{checkpoint.pk}/delete/")
    assert not Checkpoint.objects.exists()


def test_others_see_a_public_one_without_its_forms(page: Client) -> None:
    checkpoint = make_ready(visibility="public")
    text = read(page, checkpoint.get_absolute_url())
    assert "Name and sharing" not in text
    assert "Delete the checkpoint" not in text
    page.post(f"/checkpoints/{checkpoint.pk}/delete/")
    assert Checkpoint.objects.exists()


def test_a_hidden_one_does_not_exist_for_others(page: Client) -> None:
    checkpoint = make_ready()
    assert page.get(checkpoint.get_absolute_url()).status_code == 404
    for action in ("share", "delete", "retry"):
        assert page.post(f"/checkpoints/{checkpoint.pk}/{action}/").status_code == 404


def test_staff_have_a_failed_one_checked_again(client: Client, alice: User) -> None:
    checkpoint = make_checkpoint(alice)
    job_finish_failed(token=claimed().token, code="time-limit")
    client.force_login(make_user("staff", is_staff=True))
    assert "Check it again" in read(client, checkpoint.get_absolute_url())
    client.post(f"/checkpoints/{checkpoint.pk}/retry/")
    assert Checkpoint.objects.get().status == Checkpoint.Status.RECEIVED


def test_the_documentation_names_every_problem_with_its_title() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "checkpoints.md").read_text()
    for spec in CHECKPOINT_PROBLEMS.values():
        assert f"| `{spec.code}` | {spec.title}" in page
