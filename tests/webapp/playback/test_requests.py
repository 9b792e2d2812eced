"""Which stores are asked for and when, what a page is told of them, and what goes when room is needed."""

import json
import os
import time
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from tests.support.factories import (
    claim,
    make_blob,
    make_report,
    make_split,
    make_submission,
    make_user,
    make_variant,
)
from tests.support.playback import OFFSETS, VIDEO, make_waiting_stores
from webapp.accounts.audit import AuditEvent
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.blobs.collection import blobs_collect
from webapp.jobs.models import Job
from webapp.jobs.services import job_finish_failed, job_progress
from webapp.playback import files
from webapp.playback.attempts import mask_store_claim
from webapp.playback.heads import head_of
from webapp.playback.models import MaskStore
from webapp.playback.selectors import Layer, layers_for
from webapp.playback.services import WAITING, look, stores_request_due
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.services import submission_withdraw

pytestmark = pytest.mark.django_db
DAY_S = 24 * 3600


def truthful(**fields: Any) -> Split:
    return make_split(videos=[VIDEO], video_count=1, ground_truth_public=True, **fields)


def scored(split: Split, author: User | None = None, **fields: Any) -> Submission:
    submission = make_submission(author, split, **fields)
    if submission.status == Submission.Status.QUEUED:
        assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    return Submission.objects.get(pk=submission.pk)


def layers(submission: Submission, user: Any = None) -> dict[str, Layer]:
    found = layers_for(submission.split, [submission], user or AnonymousUser(), 1)
    return {layer.key: layer for layer in found}


def waiting() -> set[tuple[str, bool]]:
    """Kind of each store that is asked for, and whether it is of a submission."""
    rows = MaskStore.objects.filter(job__status=Job.Status.QUEUED)
    return {(row.kind, row.ground_truth_id is not None) for row in rows}


def test_what_anybody_may_see_is_made_before_anybody_looks() -> None:
    scored(truthful())
    assert stores_request_due() == 3
    assert waiting() == {("masks", True), ("masks", False), ("events", True)}
    assert stores_request_due() == 0


def test_of_hidden_ground_truth_nothing_is_made_before_staff_look() -> None:
    submission = scored(make_split(videos=[VIDEO]))
    assert stores_request_due() == 1
    assert waiting() == {("masks", True)}
    look(submission.split, [submission], make_user())
    look(submission.split, [submission], AnonymousUser())
    assert MaskStore.objects.count() == 1
    look(submission.split, [submission], make_user(is_staff=True))
    assert waiting() == {("masks", True), ("masks", False), ("events", True)}


@pytest.mark.parametrize(
    "rules",
    [
        {"scores_visible": False},
        {"opens_at": None},
        {"ground_truth_public": False, "details_visible": False},
    ],
    ids=["blind", "closed", "nothing but numbers"],
)
def test_the_housekeeper_leaves_alone_what_nobody_could_look_at(rules: dict[str, Any]) -> None:
    split = truthful()
    scored(split)
    Split.objects.filter(pk=split.pk).update(**rules)
    assert stores_request_due() == 0


def test_the_housekeeper_asks_for_a_few_at_a_time_the_latest_first() -> None:
    split = make_split(videos=[VIDEO])
    made = [scored(split) for _ in range(WAITING + 2)]
    scored(split, is_public=False)
    assert [stores_request_due(), stores_request_due()] == [WAITING, 0]
    asked = set(MaskStore.objects.values_list("source", flat=True))
    assert asked == {one.blob_id for one in made[2:]}
    make_waiting_stores()
    assert stores_request_due() == 2


def test_the_first_look_at_an_own_submission_has_it_made_once_and_shows_progress() -> None:
    author = make_user()
    submission = scored(make_split(videos=[VIDEO]), author, is_public=False)
    assert layers(submission, author)["a"].state == "absent"
    for _ in range(2):
        look(submission.split, [submission], author)
    store = MaskStore.objects.get()
    assert (store.requested_by, layers(submission, author)["a"].state) == (author, "making")
    taken = mask_store_claim(worker="w")
    assert taken is not None
    assert job_progress(token=taken.token, done=3, total=4)
    seen = layers(submission, author)["a"]
    assert (seen.state, seen.progress, seen.url, seen.offsets) == ("making", 0.75, "", ())


def test_several_people_with_the_same_file_share_a_store_of_it() -> None:
    split, blob = truthful(), make_blob()
    rows = [scored(split, blob=blob) for _ in range(2)]
    look(split, rows, AnonymousUser())
    assert MaskStore.objects.count() == 3
    make_waiting_stores()
    urls = {layers(row)["a"].url for row in rows}
    assert len(urls) == 2
    assert len({url.split("?")[0] for url in urls}) == 1


def test_two_submissions_are_a_and_b_in_the_order_of_the_address() -> None:
    split = truthful()
    author = make_user()
    rows = [scored(split, author, variant=make_variant(author, name)) for name in ("First", "Second")]
    look(split, rows, AnonymousUser())
    make_waiting_stores()
    ids = ",".join(str(row.pk) for row in reversed(rows))
    found = Client().get(f"/api/v1/benchmarks/{split.benchmark.slug}/videos/1?submissions={ids}").json()
    assert [(one["key"], one["state"]) for one in found["layers"]] == [
        ("truth", "ready"),
        ("a", "ready"),
        ("b", "ready"),
    ]
    assert found["layers"][1]["title"].startswith("Second")


@pytest.mark.parametrize(
    ("video", "split", "submissions", "status"),
    [
        (2, "", "", 404),
        (1, "other", "", 404),
        (1, "", str(UUID(int=7)), 404),
        (1, "", "x", 422),
        (1, "", ",".join(str(UUID(int=n)) for n in range(3)), 422),
        (10**30, "", "", 404),
    ],
)
def test_addresses_that_lead_to_no_video_are_said_so(
    video: int, split: str, submissions: str, status: int
) -> None:
    slug = truthful().benchmark.slug
    query = {"split": split, "submissions": submissions}
    assert Client().get(f"/api/v1/benchmarks/{slug}/videos/{video}", query).status_code == status


def test_submissions_to_another_split_are_not_shown_beside_this_one() -> None:
    submission, split = scored(truthful()), truthful()
    address = f"/api/v1/benchmarks/{split.benchmark.slug}/videos/1?submissions={submission.pk}"
    assert Client().get(address).status_code == 404


def test_what_has_no_masks_says_why() -> None:
    author, split = make_user(), truthful()
    queued = make_submission(author, split)
    assert layers(queued, author)["a"].state == "gone"
    assert layers(queued, author)["a"].message == "Its masks can be seen when it is scored."
    submission_withdraw(submission=queued, actor=author)
    Submission.objects.filter(pk=queued.pk).update(blob=None)
    look(split, [Submission.objects.get(pk=queued.pk)], author)
    assert not MaskStore.objects.filter(ground_truth__isnull=False).exists()
    gone = layers(Submission.objects.get(pk=queued.pk), author)["a"]
    assert (gone.state, gone.message) == ("gone", "Its file is no longer here.")


def test_a_failure_is_told_and_not_tried_for_ever() -> None:
    submission = scored(make_split(videos=[VIDEO]))
    look(submission.split, [submission], AnonymousUser())
    taken = mask_store_claim(worker="w")
    assert taken is not None
    assert job_finish_failed(token=taken.token, code="out-of-memory")
    look(submission.split, [submission], AnonymousUser())
    layer = layers(submission)["a"]
    assert (layer.state, Job.objects.filter(kind=Job.Kind.PLAY).count()) == ("gone", 1)
    assert layer.message.startswith("Its masks cannot be shown: the evaluation needed more memory")
    assert AuditEvent.objects.filter(action="mask_store.failed").count() == 1


def test_events_of_another_evaluator_are_made_again_and_masks_are_kept() -> None:
    submission = scored(truthful())
    look(submission.split, [submission], AnonymousUser())
    make_waiting_stores()
    MaskStore.objects.update(evaluator="0.9")
    before = layers(submission)
    assert (before["a"].state, before["a"].events_url, before["a"].events_are_coming) == ("ready", "", True)
    look(submission.split, [submission], AnonymousUser())
    assert waiting() == {("events", True)}
    make_waiting_stores()
    assert layers(submission)["a"].events_offsets == OFFSETS


def test_stores_of_a_former_form_are_made_again_when_somebody_looks() -> None:
    submission = scored(truthful())
    look(submission.split, [submission], AnonymousUser())
    make_waiting_stores()
    MaskStore.objects.update(form=1)
    assert {layer.state for layer in layers(submission).values()} == {"absent"}
    look(submission.split, [submission], AnonymousUser())
    make_waiting_stores()
    assert {layer.state for layer in layers(submission).values()} == {"ready"}


def test_a_video_that_a_store_lacks_is_said_so() -> None:
    submission = scored(make_split(videos=[VIDEO]))
    look(submission.split, [submission], AnonymousUser())
    make_waiting_stores()
    MaskStore.objects.update(index={"videos": {}, "size": 8})
    assert layers(submission)["a"].state == "gone"


def test_a_file_that_is_gone_is_made_again_when_somebody_looks_and_not_before(var: Path) -> None:
    submission = scored(make_split(videos=[VIDEO]))
    stores_request_due()
    make_waiting_stores()
    address = layers(submission)["a"].url
    for path in (var / "playback").iterdir():  # a restored backup has none of them
        path.unlink()
    assert Client().get(address).status_code == 404
    assert stores_request_due() == 0
    assert layers(submission)["a"].state == "absent"
    look(submission.split, [submission], AnonymousUser())
    assert layers(submission)["a"].state == "making"
    make_waiting_stores()
    assert layers(submission)["a"].state == "ready"


def test_the_least_recently_seen_go_first_when_there_is_no_room(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = make_split(videos=[VIDEO])
    rows = [scored(split) for _ in range(3)]
    look(split, rows, AnonymousUser())
    stores = make_waiting_stores(size=1000)
    frame = var / "playback" / "frames" / "480" / "1.jpg"
    frame.parent.mkdir(parents=True)
    frame.write_bytes(bytes(1000))
    now = time.time()
    for age, path in enumerate((files.path_of(stores[0].digest), frame, files.path_of(stores[1].digest))):
        os.utime(path, (now, now - DAY_S * (3 - age)))
    monkeypatch.setattr(files, "limit_bytes", lambda: 3000)
    look(split, [row for row in rows if row.blob_id == stores[0].source_id], AnonymousUser())
    assert files.tidy() == 1
    assert not frame.exists()  # the store before it was looked at just now
    monkeypatch.setattr(files, "limit_bytes", lambda: 1000)
    assert files.tidy() == 2
    states = {row.blob_id: layers(row)["a"].state for row in rows}
    assert states[stores[1].source_id] == "absent"
    assert sorted(states.values()) == ["absent", "absent", "ready"]


def test_the_limit_is_a_share_of_the_disk(settings: Any) -> None:
    settings.PLAYBACK_DISK_PERCENT = 20.0
    twenty = files.limit_bytes()
    settings.PLAYBACK_DISK_PERCENT = 10.0
    assert abs(twenty - 2 * files.limit_bytes()) <= 1
    assert files.limit_bytes() > 0


def test_what_a_killed_worker_left_and_files_without_a_row_are_cleared_away(var: Path) -> None:
    submission = scored(make_split(videos=[VIDEO]))
    look(submission.split, [submission], AnonymousUser())
    (store,) = make_waiting_stores()
    folder = var / "playback"
    old = time.time() - 2 * DAY_S
    for name, is_old in (
        (f"{files.DRAFT}a", True),
        (f"{files.DRAFT}b", False),
        ("f" * 64, True),
        ("e" * 64, False),
    ):
        (folder / name).write_bytes(b"x")
        if is_old:
            os.utime(folder / name, (old, old))
    assert files.tidy() == 2
    assert {path.name for path in folder.iterdir()} == {store.digest, f"{files.DRAFT}b", "e" * 64}


def test_a_store_keeps_no_submitted_file_and_goes_with_it() -> None:
    author, split = make_user(), truthful()
    submission = scored(split, author)
    look(split, [submission], author)
    make_waiting_stores()
    blob = submission.blob
    assert blob is not None
    submission.delete()
    assert blobs_collect(now=timezone.now() + timedelta(days=2)) >= 1
    assert not MaskStore.objects.filter(source=blob.pk).exists()
    assert MaskStore.objects.get().ground_truth is None  # the split's own


def test_the_head_of_a_store_is_read_up_to_a_usual_size(var: Path) -> None:
    submission = scored(make_split(videos=[VIDEO]))
    look(submission.split, [submission], AnonymousUser())
    assert head_of(layers(submission)["a"]) is None
    make_waiting_stores()
    ready = layers(submission)["a"]

    def written(head: dict[str, Any]) -> Layer:
        packed = zlib.compress(json.dumps(head).encode())
        files.path_of(ready.digest).write_bytes(b"DVISMSK1" + packed)
        return replace(ready, offsets=(8, 8 + len(packed)))

    assert head_of(written({"objects": []})) == {"objects": []}
    assert head_of(written({"objects": ["x" * 2 * 1024 * 1024]})) is None
    damaged = written({"objects": []})
    files.path_of(ready.digest).write_bytes(b"\0" * damaged.offsets[1])
    assert head_of(damaged) is None
    files.path_of(ready.digest).unlink()
    assert head_of(ready) is None
