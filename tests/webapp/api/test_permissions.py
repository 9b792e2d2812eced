"""Every endpoint of the API for every kind of person: nothing is open, or shut, by oversight.

A new endpoint needs a row in `MATRIX`, otherwise `test_every_endpoint_has_its_row` fails.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from PIL import Image

from tests.support.factories import (
    claim,
    make_blob,
    make_report,
    make_split,
    make_submission,
    make_user,
    make_variant,
)
from tests.support.playback import make_waiting_stores
from tests.support.rest import TUS, make_token
from tests.support.runs import MODEL, claim_run, make_checkpoint, make_run, make_run_split
from webapp.ablations.models import KeptStudies
from webapp.accounts.models import ApiToken, Scope, User
from webapp.api import api
from webapp.jobs.services import job_finish_failed
from webapp.playback.services import look
from webapp.runs.models import Run
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.uploads.models import Upload
from webapp.uploads.services import upload_create

pytestmark = pytest.mark.django_db
PEOPLE: Final = ("nobody", "other", "owner", "staff", "expired token", "token without the scope")

# What nobody, another user, the owner, staff, an expired token, and the owner's token without the scope get.
# "+" is any success; a token without the scope is a visitor where visitors may look.
EVERYBODY: Final = ("+", "+", "+", "+", 401, "+")
LOGGED_IN: Final = (401, "+", "+", "+", 401, 403)
OWN_OR_STAFF_TO_SEE: Final = (404, 404, "+", "+", 401, 404)
OWN_OR_STAFF: Final = (401, 404, "+", "+", 401, 403)
OWN: Final = (401, 404, "+", 404, 401, 403)
# What is wrong in the query or body is said as such.
OWN_TO_NAME: Final = (401, 422, "+", 422, 401, 403)
OWN_OR_STAFF_TO_NAME: Final = (422, 422, "+", "+", 401, 422)

Answers = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` is below /api/v1."""

    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Row:
    """Who gets what; `call` makes the owner's object that it is about, where there is one."""

    answers: Answers
    call: Callable[[User], Call]
    scope: Scope = Scope.READ


def at(path: str) -> Callable[[User], Call]:
    return lambda owner: Call(path)


def hidden(owner: User, **fields: Any) -> Submission:
    """A scored submission that its author keeps private."""
    row = make_submission(owner, is_public=False, **fields)
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    return row


def made_stores(owner: User) -> dict[str, str]:
    """The addresses of the masks of a private submission, and of what it does with hidden ground truth."""
    row = hidden(owner)
    row.refresh_from_db()
    look(row.split, [row], make_user(is_staff=True))
    made = {(store.kind, store.ground_truth_id is None): store.digest for store in make_waiting_stores()}
    path = f"/benchmarks/{row.split.benchmark.slug}"
    return {kind: f"{path}/{kind}/{made[kind, False]}?submission={row.pk}" for kind in ("masks", "events")}


def comparison(owner: User) -> Call:
    first = hidden(owner)
    return Call(f"/compare?submissions={first.id},{hidden(owner, split=first.split).id}")


def private_split(owner: User, **fields: Any) -> str:
    """The slug of a private board that the owner is a member of."""
    split = make_run_split(benchmark={"is_public": False, "evaluator": "ovis"}, **fields)
    split.benchmark.members.add(owner)
    return str(split.benchmark.slug)


def video_with_frame(owner: User) -> str:
    """The address of a video of a private board, whose members may see its one frame."""
    folder = Path(settings.VAR, "one frame", "video1")
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48)).save(folder / "0.png")
    rules = {"frames_dir": str(folder.parent), "frames_public": True}
    return f"/benchmarks/{private_split(owner, videos=1, frames=1, **rules)}/videos/1"


def upload(owner: User, *, is_finished: bool = False) -> Upload:
    made = upload_create(owner=owner, filename="results.json", length=2)
    if is_finished:
        made.blob, made.offset = make_blob(b"[]"), 2
        made.save()
    return made


def submission_body(owner: User) -> dict[str, Any]:
    split = make_split()
    return {"benchmark": split.benchmark.slug, "split": split.name, "method": f"Method of {owner}"}


def failed_run(owner: User) -> Run:
    run = make_run(owner)
    assert job_finish_failed(token=claim_run().token, code="not-finite")
    return run


def run_body() -> dict[str, Any]:
    split = make_run_split()
    return {"benchmark": split.benchmark.slug, "split": split.name, "model": MODEL}


def piece(owner: User) -> Call:
    headers = (*TUS.items(), ("Upload-Offset", "0"), ("Content-Type", "application/offset+octet-stream"))
    return Call(f"/uploads/{upload(owner).id}", headers=headers, data=b"[]")


def with_tus(call: Callable[[User], Call]) -> Callable[[User], Call]:
    return lambda owner: Call(call(owner).path, headers=tuple(TUS.items()))


def method_of(owner: User) -> str:
    return str(make_variant(owner).method.slug)


def study_of(owner: User) -> str:
    """The address of a study of the owner's method."""
    method = make_variant(owner).method
    KeptStudies.objects.create(split=make_split(), method=method, studies=[{"key": "one"}])
    return f"/methods/{method.slug}/ablations/one"


READ, SUBMIT, RUN = Scope.READ, Scope.SUBMIT, Scope.RUN
# Endpoints whose object is made of an upload get one of whoever asks: see `ask`.
FROM_UPLOAD: Final = {("POST", "/checkpoints"), ("POST", "/submissions")}

MATRIX: Final[dict[tuple[str, str], Row]] = {
    ("GET", "/problems"): Row(EVERYBODY, at("/problems")),
    ("GET", "/status"): Row(EVERYBODY, at("/status")),
    ("GET", "/models"): Row(EVERYBODY, at("/models")),
    ("GET", "/benchmarks"): Row(EVERYBODY, at("/benchmarks")),
    ("GET", "/benchmarks/{slug}"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/benchmarks/{private_split(owner)}")
    ),
    ("GET", "/benchmarks/{slug}/leaderboard"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/benchmarks/{private_split(owner)}/leaderboard")
    ),
    # What an anonymous visitor sees, whoever asks.
    ("GET", "/benchmarks/{slug}/history"): Row(
        (404, 404, 404, 404, 401, 404),
        lambda owner: Call(f"/benchmarks/{private_split(owner)}/history?at=2026-11-01"),
    ),
    ("GET", "/benchmarks/{slug}/videos/{id}"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/benchmarks/{private_split(owner)}/videos/1")
    ),
    ("GET", "/benchmarks/{slug}/videos/{id}/frames/{size}/{index}.jpg"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"{video_with_frame(owner)}/frames/480/0.jpg")
    ),
    ("GET", "/benchmarks/{slug}/videos/{id}/poster.jpg"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"{video_with_frame(owner)}/poster.jpg")
    ),
    ("GET", "/benchmarks/{slug}/masks/{digest}"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(made_stores(owner)["masks"])
    ),
    ("GET", "/benchmarks/{slug}/events/{digest}"): Row(
        (404, 404, 404, "+", 401, 404), lambda owner: Call(made_stores(owner)["events"])
    ),
    ("GET", "/benchmarks/{slug}/ablations"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/benchmarks/{private_split(owner)}/ablations")
    ),
    ("GET", "/methods/{slug}/ablations"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/methods/{method_of(owner)}/ablations")
    ),
    ("PATCH", "/methods/{slug}/ablations/{key}"): Row(
        OWN_OR_STAFF, lambda owner: Call(study_of(owner), {"title": "Mine"}), SUBMIT
    ),
    ("GET", "/compare"): Row(OWN_OR_STAFF_TO_SEE, comparison),
    ("GET", "/methods"): Row(EVERYBODY, at("/methods")),
    ("POST", "/methods"): Row(LOGGED_IN, lambda owner: Call("/methods", {"name": "A new one"}), SUBMIT),
    ("GET", "/methods/{slug}"): Row(OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/methods/{method_of(owner)}")),
    ("PUT", "/submissions/{id}/cost"): Row(
        OWN_OR_STAFF,
        lambda owner: Call(f"/submissions/{hidden(owner).id}/cost", {"params_m": 44.1}),
        SUBMIT,
    ),
    ("PATCH", "/methods/{slug}"): Row(
        OWN_OR_STAFF, lambda owner: Call(f"/methods/{method_of(owner)}", {"team": "Mine"}), SUBMIT
    ),
    ("GET", "/variants"): Row(EVERYBODY, at("/variants")),
    ("POST", "/variants"): Row(
        OWN_TO_NAME, lambda owner: Call("/variants", {"method": method_of(owner), "name": "new"}), SUBMIT
    ),
    ("GET", "/variants/{id}"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/variants/{make_variant(owner).id}")
    ),
    ("PATCH", "/variants/{id}"): Row(
        OWN_OR_STAFF, lambda owner: Call(f"/variants/{make_variant(owner).id}", {"name": "new"}), SUBMIT
    ),
    ("GET", "/submissions"): Row(LOGGED_IN, at("/submissions")),
    ("POST", "/submissions"): Row(
        LOGGED_IN, lambda owner: Call("/submissions", submission_body(owner)), SUBMIT
    ),
    ("GET", "/submissions/{id}"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/submissions/{hidden(owner).id}")
    ),
    ("DELETE", "/submissions/{id}"): Row(
        OWN_OR_STAFF, lambda owner: Call(f"/submissions/{make_submission(owner).id}"), SUBMIT
    ),
    ("GET", "/submissions/{id}/result"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/submissions/{hidden(owner).id}/result")
    ),
    ("GET", "/submissions/{id}/receipt"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/submissions/{hidden(owner).id}/receipt")
    ),
    ("GET", "/checkpoints"): Row(EVERYBODY, at("/checkpoints")),
    ("POST", "/checkpoints"): Row(LOGGED_IN, lambda owner: Call("/checkpoints", {"name": "weights"}), SUBMIT),
    ("GET", "/checkpoints/{id}"): Row(
        OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/checkpoints/{make_checkpoint(owner, MODEL).id}")
    ),
    ("PATCH", "/checkpoints/{id}"): Row(
        OWN_OR_STAFF,
        lambda owner: Call(f"/checkpoints/{make_checkpoint(owner, MODEL).id}", {"name": "x"}),
        SUBMIT,
    ),
    ("DELETE", "/checkpoints/{id}"): Row(
        OWN_OR_STAFF, lambda owner: Call(f"/checkpoints/{make_checkpoint(owner, MODEL).id}"), SUBMIT
    ),
    ("GET", "/runs"): Row(LOGGED_IN, at("/runs")),
    ("POST", "/runs"): Row(LOGGED_IN, lambda owner: Call("/runs", run_body()), RUN),
    ("GET", "/runs/estimate"): Row(
        OWN_OR_STAFF_TO_NAME,
        lambda owner: Call(f"/runs/estimate?benchmark={private_split(owner)}&split=val&model={MODEL}"),
    ),
    ("GET", "/runs/{id}"): Row(OWN_OR_STAFF_TO_SEE, lambda owner: Call(f"/runs/{make_run(owner).id}")),
    ("GET", "/runs/{id}/log"): Row(OWN_OR_STAFF, lambda owner: Call(f"/runs/{make_run(owner).id}/log")),
    ("POST", "/runs/{id}/cancel"): Row(
        OWN_OR_STAFF, lambda owner: Call(f"/runs/{make_run(owner).id}/cancel"), RUN
    ),
    ("POST", "/runs/{id}/retry"): Row(
        OWN_OR_STAFF, lambda owner: Call(f"/runs/{failed_run(owner).id}/retry"), RUN
    ),
    # The methods and headers of tus, which any client may ask for.
    ("OPTIONS", "/uploads"): Row(("+",) * 6, with_tus(at("/uploads"))),
    ("POST", "/uploads"): Row(
        LOGGED_IN,
        lambda owner: Call("/uploads", headers=(*TUS.items(), ("Upload-Length", "2"))),
        SUBMIT,
    ),
    ("HEAD", "/uploads/{id}"): Row(OWN, with_tus(lambda owner: Call(f"/uploads/{upload(owner).id}")), SUBMIT),
    ("PATCH", "/uploads/{id}"): Row(OWN, piece, SUBMIT),
    ("POST", "/uploads/{id}"): Row(
        OWN,
        lambda owner: Call(
            piece(owner).path,
            headers=(*piece(owner).headers, ("X-HTTP-Method-Override", "PATCH")),
            data=b"[]",
        ),
        SUBMIT,
    ),
    ("DELETE", "/uploads/{id}"): Row(
        OWN, with_tus(lambda owner: Call(f"/uploads/{upload(owner).id}")), SUBMIT
    ),
}


def endpoints() -> set[tuple[str, str]]:
    """(method, path below /api/v1) of everything that the API's own description has."""
    paths: dict[str, dict[str, Any]] = api.get_openapi_schema()["paths"]
    return {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method in methods
    }


def test_every_endpoint_has_its_row() -> None:
    assert endpoints() == MATRIX.keys()


def token_of(person: str, owner: User, scope: Scope) -> str:
    """The token with which this kind of person asks."""
    if person == "token without the scope":
        return make_token(owner, *(one for one in Scope.values if one != scope))
    user = {"other": make_user, "staff": lambda: make_user(is_staff=True)}.get(person, lambda: owner)()
    token = make_token(user)
    if person == "expired token":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    return token


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_it_answers_each_person_as_the_matrix_says(method: str, path: str, person: str) -> None:
    row, owner = MATRIX[method, path], make_user()
    expected = row.answers[PEOPLE.index(person)]
    call = row.call(owner)
    headers = dict(call.headers)
    asking = owner
    if person != "nobody":
        token = token_of(person, owner, row.scope)
        headers["Authorization"] = f"Bearer {token}"
        asking = ApiToken.objects.get(digest=ApiToken.digest_of(token)).user
    body = call.body
    if (method, path) in FROM_UPLOAD:
        body |= {"upload": str(upload(asking, is_finished=True).id)}
    found = Client(raise_request_exception=False).generic(
        method,
        f"/api/v1{call.path}",
        data=call.data if body is None else json.dumps(body).encode(),
        content_type=headers.pop("Content-Type", "application/json"),
        headers=headers,
    )
    content = b"".join(found.streaming_content) if found.streaming else found.content
    outcome = "+" if found.status_code < 400 else found.status_code
    assert outcome == expected, content.decode(errors="replace")[:500]
