"""The play task, called as a worker calls it, on real files: what a browser reads, made behind all else."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from evaluator import __version__
from evaluator.playback.store import StoreIndex
from tests.evaluator.playback.stores import head, masks
from tests.support.factories import OPEN, make_blob, make_split, make_submission
from tests.support.map_benchmarks import MAKERS
from tests.support.slow_benchmark import FRAMES, HEIGHT, WIDTH, write_slow_benchmark
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.blobs.storage import blob_local_path, blob_save_copy
from webapp.jobs.models import Attempt, Job
from webapp.playback import files
from webapp.playback.heads import head_of
from webapp.playback.models import MaskStore
from webapp.playback.selectors import layers_for
from webapp.playback.services import look
from webapp.submissions.models import Submission
from worker import tasks_playback
from worker.housekeeping import request_analyses, request_mask_stores, tidy_playback
from worker.tasks import evaluate_next
from worker.tasks_analysis import analyse_next
from worker.tasks_playback import play_next

pytestmark = pytest.mark.django_db(transaction=True)
VIDEOS = [
    {"id": id, "name": f"v{id - 1}", "length": FRAMES, "height": HEIGHT, "width": WIDTH} for id in (1, 2, 3)
]


@pytest.fixture
def submission(tmp_path: Path) -> Submission:
    truth, predictions = write_slow_benchmark(tmp_path, videos=3, tracklets=4)
    split = make_split(
        benchmark={"evaluator": "ytvis2019"},
        ground_truth=blob_save_copy(truth),
        ground_truth_public=True,
        videos=VIDEOS,
    )
    made = make_submission(split=split, blob=blob_save_copy(predictions))
    evaluate_next.apply(throw=True)
    return Submission.objects.get(pk=made.pk)


def play_all() -> None:
    while Job.objects.filter(kind=Job.Kind.PLAY, status=Job.Status.QUEUED).exists():
        play_next.apply(throw=True)


def test_the_housekeeper_has_stores_made_that_a_browser_reads_in_ranges(submission: Submission) -> None:
    request_mask_stores.apply(throw=True)
    play_all()
    tidy_playback.apply(throw=True)
    stores = list(MaskStore.objects.all())
    assert {(one.kind, one.evaluator) for one in stores} == {("masks", __version__), ("events", __version__)}
    for store in stores:
        path = files.path_of(store.digest)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == store.digest
        assert (path.stat().st_size, path.stat().st_mode & 0o077) == (store.size, 0)
        assert head(path, StoreIndex.from_json(store.index), 1)["kind"] in ("tracklets", "events")
    assert [path.name for path in files.folder().glob(f"{files.DRAFT}*")] == []
    truth, mine = layers_for(submission.split, [submission], AnonymousUser(), 2)
    assert (truth.state, mine.state) == ("ready", "ready")
    for layer, objects in ((truth, 4), (mine, 100)):
        store = next(one for one in stores if one.digest in layer.url)
        found = masks(files.path_of(store.digest), StoreIndex.from_json(store.index), 2)
        assert found.shape == (objects, FRAMES, HEIGHT, WIDTH)
        assert np.count_nonzero(found) > 0
        listed = head_of(layer)
        assert listed is not None
        assert len(listed["objects"]) == objects
        first, last = layer.offsets[0], layer.offsets[-1] - 1
        part = Client().get(layer.url, headers={"Range": f"bytes={first}-{last}"})
        assert b"".join(part.streaming_content) == files.path_of(store.digest).read_bytes()[first : last + 1]
    events = next(one for one in stores if one.digest in mine.events_url)
    assert (
        len(head(files.path_of(events.digest), StoreIndex.from_json(events.index), 2)["predictions"]) == 100
    )


def test_it_does_not_begin_while_a_score_or_an_analysis_is_due(submission: Submission) -> None:
    look(submission.split, [submission], AnonymousUser())
    request_analyses.apply(throw=True)
    make_submission(split=submission.split, blob=make_blob(b"[]"))
    for task in (evaluate_next, analyse_next):
        play_next.apply(throw=True)
        assert not Attempt.objects.filter(job__kind=Job.Kind.PLAY).exists()
        task.apply(throw=True)
    play_next.apply(throw=True)
    assert Job.objects.filter(kind=Job.Kind.PLAY, status=Job.Status.SUCCEEDED).count() == 1


def test_begun_already_it_goes_back_when_a_submission_comes_and_leaves_no_draft(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(submission.split, [submission], AnonymousUser())

    def long_work(claim: Any, path: Path, options: Any) -> Any:
        path.write_bytes(b"half of it")
        make_submission(split=submission.split, blob=make_blob(b"[]"))
        time.sleep(20)
        raise AssertionError("it was not interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(tasks_playback, "_stored", long_work)
        began = time.monotonic()
        play_next.apply(throw=True)
    assert time.monotonic() - began < 5
    attempt = Attempt.objects.get(job__kind=Job.Kind.PLAY)
    assert (attempt.outcome, attempt.job.status) == (Attempt.Outcome.RELEASED, Job.Status.QUEUED)
    assert not any(files.folder().glob(f"{files.DRAFT}*"))


def test_progress_is_said_while_it_works(submission: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    look(submission.split, [submission], AnonymousUser())
    said: list[tuple[int, int]] = []
    real: Callable[..., Any] = tasks_playback.Lease.progress

    def progress(lease: Any, done: int, total: int, stage: str = "") -> None:
        said.append((done, total))
        real(lease, done, total, stage)

    monkeypatch.setattr(tasks_playback.Lease, "progress", progress)
    play_next.apply(throw=True)
    assert said[-1] == (3, 3)


def test_a_submitted_file_that_was_lost_is_said_so(submission: Submission) -> None:
    look(submission.split, [submission], AnonymousUser())
    assert submission.blob is not None
    path = blob_local_path(submission.blob)
    assert path is not None
    contents = path.read_bytes()
    path.unlink()
    job = Job.objects.get(mask_store__kind="masks", mask_store__source=submission.blob)
    try:
        for _ in range(10):
            Job.objects.filter(kind=Job.Kind.PLAY).update(not_before=None)
            play_next.apply(throw=True)
    finally:
        path.write_bytes(contents)
    job.refresh_from_db()
    assert (job.status, job.failure_code) == (Job.Status.FAILED, "file-lost")


@pytest.mark.parametrize("name", MAKERS)
def test_maps_have_masks_of_both_sides_and_segments_have_events(name: str, tmp_path: Path) -> None:
    made = MAKERS[name](tmp_path)
    split = benchmark_import(
        slug="maps",
        evaluator=made.evaluator,
        split="val",
        ground_truth=made.truth,
        rules={**OPEN, "ground_truth_public": True},
    ).split
    row = make_submission(split=split, blob=blob_save_copy(made.good), filename="predictions.zip")
    evaluate_next.apply(throw=True)
    row.refresh_from_db()
    look(split, [row], AnonymousUser())
    play_all()
    kinds = ["events", "masks", "masks"] if made.evaluator == "vipseg" else ["masks", "masks"]
    assert sorted(MaskStore.objects.values_list("kind", flat=True)) == kinds
    assert set(MaskStore.objects.values_list("job__status", flat=True)) == {"succeeded"}
    for video in split.video_infos():
        for layer in layers_for(split, [row], AnonymousUser(), video.id):
            listed = head_of(layer)
            assert listed is not None
            assert (listed["length"], listed["height"], listed["width"]) == (
                video.length,
                video.height,
                video.width,
            )
            has_events = made.evaluator == "vipseg" and layer.key == "a"
            assert (layer.events_url != "", layer.events_are_coming) == (has_events, False)
    # Another ground truth may number its videos otherwise.
    Split.objects.filter(pk=split.pk).update(ground_truth=make_blob())
    split.refresh_from_db()
    row = Submission.objects.get(pk=row.pk)
    assert [one.state for one in layers_for(split, [row], AnonymousUser(), 1)] == ["absent", "gone"]
