"""The model task, called as a worker calls it: real frames, the real model (a tiny one), a real database."""

import errno
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import torch
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone

from dvis_model import CheckpointMismatch, NotFinite
from dvis_model.assembly import ablated
from dvis_model.cost import measure_cost
from dvis_model.variants import VARIANTS
from tests.support.factories import make_user
from tests.support.runs import claim_run, make_drawn_split, make_run
from webapp.accounts.models import User
from webapp.benchmarks.models import FrameNames, Split
from webapp.benchmarks.services import benchmark_import
from webapp.blobs.storage import blob_path
from webapp.jobs.failures import FAILURES
from webapp.jobs.models import Job, WorkerNode
from webapp.jobs.presence import worker_equipped, worker_seen
from webapp.jobs.services import job_cancel, job_retry
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import leaderboard
from webapp.runs.models import Run
from webapp.submissions.models import Submission
from worker.lease import STOPPING, Lease
from worker.tasks import evaluate_next
from worker.tasks_model import RUN, machine, run_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def split(tmp_path: Path) -> Split:
    return make_drawn_split(tmp_path / "benchmark")


@pytest.fixture
def author() -> User:
    return make_user()


@pytest.fixture(autouse=True)
def no_memory_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tests' own process is not a worker's: it goes on after these tests."""
    monkeypatch.setattr("worker.limits.limit_memory", lambda size: None)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def work() -> None:
    run_next.apply(throw=True)


def reload(run: Run) -> Run:
    return Run.objects.select_related("job", "submission", "split").get(pk=run.pk)


def done(run: Run) -> Run:
    work()
    return reload(run)


def log(run: Run) -> list[str]:
    return [event.text for event in run.events.all()]


def test_a_run_is_computed_submitted_and_scored_like_anybodys(split: Split) -> None:
    run = done(make_run(split=split))
    assert run.status == Job.Status.SUCCEEDED
    assert [video.frames for video in run.videos.all()] == [4, 4]
    assert set(run.videos.all()[0].stage_seconds) == {"input", "segmenter", "tracker", "refiner", "masks"}
    assert run.submission is not None
    assert run.submission.status == Submission.Status.QUEUED
    evaluate_next.apply(throw=True)
    submission = Submission.objects.get(pk=run.submission.pk)
    assert (submission.status, submission.problems) == (Submission.Status.SCORED, [])
    assert submission.scores.filter(metric="AP").exists()


def test_what_it_ran_with_is_written_down(split: Split) -> None:
    run = done(make_run(split=split, options={"mode": "online"}))
    provenance = run.provenance
    assert provenance["checkpoint"] == {"built_in": True, "seed": 0}
    assert provenance["options"]["mode"] == "online"
    assert provenance["configuration"]["refiner"] == "none"
    assert provenance["libraries"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert len(provenance["code"]["sha256"]) == 64
    assert provenance["device"]["kind"] == machine.device.kind


def test_its_board_shows_what_the_model_costs_as_the_command_counts_it(split: Split) -> None:
    run = done(make_run(split=split, options={"mode": "online"}))
    evaluate_next.apply(throw=True)
    board = leaderboard(split=split, user=AnonymousUser(), filters=Filters())
    cost = board.rows[0].row.cost
    config = ablated(VARIANTS["tiny_shapes"], None, "none")
    told = measure_cost(config, (64, 85), frames=run.options["window"], rounds=1)
    whole = {"segmenter", "tracker", "refiner", "masks"}
    assert cost.gmacs == pytest.approx(sum(one.gmacs for one in told.stages if one.name in whole))
    assert cost.params_m == pytest.approx(
        sum(one.parameters for one in told.stages if one.name in whole) / 1e6
    )
    assert (cost.kind, cost.device) == ("measured here", machine.device.device)
    assert board.costs == ("params_m", "gmacs", "fps")


def test_the_same_inputs_give_the_same_file(split: Split) -> None:
    files = []
    for author in (make_user(), make_user()):
        run = done(make_run(author, split))
        assert run.submission is not None
        files.append(run.submission.blob_id)
        machine.cache.clear()
    assert files[0] == files[1]


@pytest.mark.parametrize("mode", ["online", "minvis"])
def test_a_mode_without_later_stages_predicts_something_else(split: Split, mode: str) -> None:
    whole, shorter = done(make_run(split=split)), done(make_run(split=split, options={"mode": mode}))
    assert whole.submission is not None
    assert shorter.submission is not None
    assert whole.submission.blob_id != shorter.submission.blob_id
    assert "refiner" not in shorter.videos.all()[0].stage_seconds


def test_the_model_of_the_run_before_is_not_loaded_again(split: Split) -> None:
    done(make_run(split=split))
    again = done(make_run(split=split))
    assert any("tiny_shapes was in memory" in line for line in log(again))


def test_after_a_broken_frame_is_mended_a_run_goes_on_behind_the_last_video(tmp_path: Path) -> None:
    split = make_drawn_split(tmp_path / "benchmark", videos=3)
    run = make_run(split=split)
    frame = sorted(Path(split.frames_dir, split.videos[1]["name"]).iterdir())[2]
    whole = frame.read_bytes()
    frame.write_bytes(b"no picture")
    run = done(run)
    assert (run.status, run.job.failure_code) == (Job.Status.FAILED, "broken-frame")
    assert run.job.failure_message.endswith(f"It is {frame.name} of video {split.videos[1]['name']}.")
    assert str(tmp_path) not in run.job.failure_message + "".join(log(run))
    assert str(frame) in run.job.attempts.get().detail

    frame.write_bytes(whole)
    first = run.videos.get()
    job_retry(job=run.job, actor=None)
    run = done(run)
    assert run.status == Job.Status.SUCCEEDED
    assert run.videos.get(pk=first.pk).created_at == first.created_at
    videos = [line.partition(",")[0] for line in log(run) if line.startswith("Video")]
    assert videos == ["Video 1 of 3", "Video 2 of 3", "Video 3 of 3"]
    undisturbed = done(make_run(split=split))
    assert run.submission is not None
    assert undisturbed.submission is not None
    assert run.submission.blob_id == undisturbed.submission.blob_id


def test_frames_that_are_not_there_are_said_to_be_missing_and_tried_again(split: Split) -> None:
    split.frames_dir = "/nowhere"
    split.save()
    run = done(make_run(split=split))
    assert run.status == Job.Status.QUEUED
    assert "FramesMissing" in run.job.attempts.get().detail
    assert log(run)[-1] == "Queued again after frames-missing."


def test_a_video_with_too_few_frames_is_not_run_as_if_it_were_whole(tmp_path: Path, settings: Any) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    split = make_drawn_split(tmp_path / "benchmark")
    name = split.videos[0]["name"]
    sorted(Path(split.frames_dir, name).iterdir())[-1].unlink()
    run = done(make_run(split=split))
    assert run.job.failure_code == "frames-missing"
    assert run.job.failure_message.endswith(f"Video {name}: the picture {name}/00003.jpg is missing.")


def test_frames_are_taken_as_the_ground_truth_lists_them_and_categories_keep_its_ids(tmp_path: Path) -> None:
    plain, renamed = tmp_path / "plain", tmp_path / "renamed"
    run = done(make_run(split=make_drawn_split(plain)))
    shutil.copytree(plain, renamed)
    truth = json.loads((renamed / "annotations.json").read_text())
    for video in truth["videos"]:
        for number, name in enumerate(video["file_names"]):
            frame = renamed / "frames" / name
            video["file_names"][number] = f"{frame.parent.name}/{9 + number}.jpg"
            frame.rename(frame.with_name(f"{9 + number}.jpg"))
        for litter in ("._9.jpg", "0.jpg"):  # a desktop's, and a frame that is not annotated
            shutil.copy(frame.with_name("12.jpg"), frame.with_name(litter))
    for record in [*truth["categories"], *truth["annotations"]]:
        field = "category_id" if "category_id" in record else "id"
        record[field] *= 10
    (renamed / "annotations.json").write_text(json.dumps(truth))
    split = benchmark_import(
        slug="renamed",
        evaluator="ovis",
        split="val",
        ground_truth=renamed / "annotations.json",
        frames=renamed / "frames",
        rules={"opens_at": timezone.now()},
    ).split
    # As of a split that was imported before names were kept: the run reads them first.
    split.frame_names.delete()
    other = done(make_run(split=split))
    assert other.provenance["frame_order"] == "listed"
    assert split.videos[0]["name"] + "/10.jpg" in FrameNames.objects.get(split=split).names["1"]
    expected = predictions(run)
    for entry in expected:
        entry["category_id"] *= 10
    assert predictions(other) == expected


def predictions(run: Run) -> list[dict[str, Any]]:
    assert run.submission is not None
    assert run.submission.blob is not None
    with blob_path(run.submission.blob) as path, ZipFile(path) as archive:
        return list(json.loads(archive.read("results.json")))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "model-memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "model-memory"),
        (NotFinite("inf"), "not-finite"),
        (CheckpointMismatch("of another model"), "checkpoint-unusable"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (SoftTimeLimitExceeded(), "time-limit"),
        (RuntimeError("anything"), "internal-error"),
    ],
)
def test_every_way_to_fail_has_its_name(error: Exception, code: str) -> None:
    assert RUN.failure(error) == (code, "")
    assert code in FAILURES


def test_a_cancelled_run_stops_within_seconds_and_submits_nothing(tmp_path: Path, author: User) -> None:
    split = make_drawn_split(tmp_path / "benchmark", videos=1, frames=200)
    run = make_run(author, split, options={"short_side": 256})
    cancelled_at: list[float] = []

    def cancel() -> None:
        while not Job.objects.filter(pk=run.job.pk, progress_done__gt=3).exists():
            time.sleep(0.05)
        job_cancel(job=run.job, actor=author)
        cancelled_at.append(time.monotonic())
        connection.close()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    work()
    seconds = time.monotonic() - cancelled_at[0]
    canceller.join()
    assert seconds < 5
    assert reload(run).status == Job.Status.CANCELLED
    assert (run.videos.count(), Submission.objects.count()) == (0, 0)


def test_a_worker_that_stops_gives_its_run_back(split: Split) -> None:
    run = make_run(split=split)
    claim = claim_run()
    STOPPING.value = 1
    try:
        with Lease(claim.token) as lease:
            time.sleep(1)  # until the lease has seen it
            write = RUN.outcome(claim, lease, "model@test")
    finally:
        STOPPING.value = 0
    assert write()
    run = reload(run)
    assert (run.status, run.job.attempts_made) == (Job.Status.QUEUED, 0)


def test_the_worker_tells_what_it_has(split: Split) -> None:
    worker_equipped(name="model@here", equipment=machine.device.to_json())
    worker_seen(name="model@here", queues="model", slots=1)
    node = WorkerNode.objects.get(name="model@here")
    assert node.info["torch"] == torch.__version__
    assert (node.info["slots"], node.info["memory_bytes"] > 2**30, bool(node.info["device"])) == (
        1,
        True,
        True,
    )
