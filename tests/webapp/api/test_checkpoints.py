"""/checkpoints: upload by tus, follow, share, delete."""

import base64
from typing import Any

import pytest

from tests.support.factories import make_split, make_user
from tests.support.rest import Api, Tus
from tests.webapp.checkpoints.checked import make_checkpoint, make_ready, make_refused
from webapp.accounts.models import Scope, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


def announced(owner: User, kind: str, data: bytes) -> Any:
    """The answer to a file sent at once."""
    metadata = f"filename ZHZpcy5wdGg=,kind {base64.b64encode(kind.encode()).decode()}"
    headers = {"Content_Type": "application/offset+octet-stream", "Upload_Metadata": metadata}
    return Tus(owner).create(len(data), data=data, **headers)


def uploaded(owner: User, data: bytes = b"weights") -> str:
    """The id of a finished upload."""
    answer = announced(owner, "checkpoint", data)
    assert answer.status_code == 201, answer.content
    return str(answer["Location"]).rpartition("/")[2]


def test_an_upload_becomes_a_checkpoint_that_waits_for_its_check(alice: User) -> None:
    answer = Api(alice).post("/checkpoints", {"upload": uploaded(alice), "name": "DVIS R50"})
    assert answer.status_code == 201, answer.content
    document = answer.json()
    assert answer["Location"].endswith(f"/api/v1/checkpoints/{document['id']}")
    assert (document["name"], document["owner"], document["filename"]) == ("DVIS R50", "alice", "dvis.pth")
    assert (document["status"], document["visibility"], document["size"]) == ("received", "private", 7)
    assert document["status_text"].startswith("Queued")
    assert (document["configurations"], document["parameters"], document["problems"]) == ([], None, [])


def test_a_repeated_post_makes_one_checkpoint(alice: User) -> None:
    api, body = Api(alice), {"upload": uploaded(alice)}
    first, second = (api.post("/checkpoints", body, Idempotency_Key="k1") for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert len(api.get("/checkpoints", mine=True).json()["results"]) == 1


def test_a_checkpoint_needs_a_finished_upload_of_ones_own(alice: User) -> None:
    theirs = uploaded(make_user())
    unfinished = str(Tus(alice).create(10)["Location"]).rpartition("/")[2]
    api = Api(alice)
    for upload, code in ((theirs, "unknown-upload"), (unfinished, "upload-unfinished")):
        assert api.post("/checkpoints", {"upload": upload}).json()["problems"][0]["code"] == code


def test_checkpoints_may_be_larger_than_submissions(alice: User, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES, settings.CHECKPOINT_LIMIT_BYTES = 5, 10
    upload = uploaded(alice, data=b"weights")
    for kind, length in (("submission", 6), ("checkpoint", 11)):
        answer = announced(alice, kind, bytes(length))
        assert answer.status_code == 413
        assert answer.json()["problems"][0]["code"] == "upload-too-large"
    assert Api(alice).post("/checkpoints", {"upload": upload}).status_code == 201
    # Announced as a checkpoint, it is no way around the limit of submissions.
    assert Tus(alice).http.options("/api/v1/uploads")["Tus-Max-Size"] == "10"
    body = {"benchmark": make_split().benchmark.slug, "split": "val", "upload": upload, "method": "M"}
    assert Api(alice).post("/submissions", body).json()["problems"][0]["code"] == "upload-too-large"


def test_an_upload_of_an_unknown_kind_names_the_kinds(alice: User) -> None:
    answer = Tus(alice).create(1, Upload_Metadata="kind eA==")
    assert answer.json()["problems"][0]["hint"] == "Choose from submission, checkpoint."


def test_a_list_has_ones_own_and_what_is_shared_or_public(alice: User) -> None:
    bob = make_user("bob")
    shared = make_ready(bob, name="shared", shared_with=["alice"])
    make_ready(bob, name="public", visibility="public")
    make_ready(bob, name="hidden")
    make_checkpoint(alice, name="own")

    def listed(api: Api, **query: Any) -> set[str]:
        return {row["name"] for row in api.get("/checkpoints", **query).json()["results"]}

    assert listed(Api(alice)) == {"own", "shared", "public"}
    assert listed(Api(alice), mine=True) == {"own"}
    assert listed(Api(alice), sha256=shared.sha256) == {"shared"}
    assert listed(Api(alice), model="ovis/DVIS_Offline_R50") == {"shared", "public"}
    assert listed(Api()) == {"public"}
    assert listed(Api(), mine=True) == set()


def test_who_it_is_shared_with_is_told_to_its_owner_alone(alice: User) -> None:
    make_user("bob")
    checkpoint = make_ready(alice, shared_with=["bob"], visibility="public")
    path = f"/checkpoints/{checkpoint.pk}"
    assert Api(alice).get(path).json()["shared_with"] == ["bob"]
    assert Api().get(path).json()["shared_with"] is None


def test_the_owner_shares_renames_and_deletes(alice: User) -> None:
    api, path = Api(alice), f"/checkpoints/{make_ready(alice).pk}"
    make_user("bob")
    answer = api.send("PATCH", path, {"visibility": "public", "shared_with": ["bob"], "name": "Final"})
    assert answer.status_code == 200, answer.content
    document = answer.json()
    assert (document["visibility"], document["shared_with"], document["name"]) == ("public", ["bob"], "Final")
    assert api.send("PATCH", path, {"visibility": "secret"}).status_code == 422
    assert api.send("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


def test_others_get_404_for_a_hidden_one_and_403_for_a_public_one(alice: User) -> None:
    hidden, public = make_ready(alice), make_ready(alice, visibility="public")
    bob = Api(make_user("bob"))
    for checkpoint, status in ((hidden, 404), (public, 403)):
        path = f"/checkpoints/{checkpoint.pk}"
        assert bob.send("PATCH", path, {"name": "Mine"}).status_code == status
        assert bob.send("DELETE", path).status_code == status


def test_writing_needs_the_scope_and_a_log_in(alice: User) -> None:
    body, path = {"upload": uploaded(alice)}, f"/checkpoints/{make_ready(alice).pk}"
    for api, status in ((Api(), 401), (Api(alice, Scope.READ), 403)):
        assert api.post("/checkpoints", body).status_code == status
        assert api.send("PATCH", path, {}).status_code == status
        assert api.send("DELETE", path).status_code == status


def test_a_refused_one_says_why(alice: User) -> None:
    document = Api(alice).get(f"/checkpoints/{make_refused(alice).pk}").json()
    assert document["status"] == "refused"
    assert document["status_text"] == "Refused: it fits no model that this server knows"
    assert document["problems"][0]["code"] == "checkpoint-mismatch"
    assert document["problems"][0]["message"] == "backbone: 3 missing: a, b, c"
