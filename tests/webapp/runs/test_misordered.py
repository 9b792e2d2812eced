"""Runs that took their frames sorted as text are listed, and those of which nobody can know."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.support.factories import make_blob, make_submission
from tests.support.runs import make_drawn_split, make_run, make_run_split
from webapp.benchmarks.frames import frame_names_fill_missing
from webapp.benchmarks.models import FrameNames, Split
from webapp.runs.misordered import Order, runs_ordered_as_text
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db

PADDED = [f"video1/{n:05}.jpg" for n in range(12)]
PLAIN = [f"video1/{n}.jpg" for n in range(12)]


def scored_run(names: dict[str, list[str]] | None, *, provenance: dict[str, Any] | None = None) -> Run:
    split = make_run_split(videos=1, frames=12)
    if names is not None:
        FrameNames.objects.create(split=split, names=names)
    run = make_run(split=split)
    submission = make_submission(run.author, split)
    Run.objects.filter(pk=run.pk).update(submission=submission, provenance=provenance or {})
    return run


def replace_ground_truth(run: Run) -> None:
    assert Run.objects.filter(pk=run.pk, submission__isnull=False).exists()
    submission = Run.objects.get(pk=run.pk).submission
    assert submission is not None
    submission.ground_truth = make_blob()
    submission.save()
    Split.objects.filter(pk=run.split_id).update(ground_truth=make_blob())


def test_each_run_gets_the_verdict_that_can_be_known() -> None:
    wrong = scored_run({"1": PLAIN})
    several = scored_run({"1": ["video1/a/0.jpg", "video1/b/0.jpg"]})
    unlisted, unread = scored_run({}), scored_run(None)
    right = scored_run({"1": PADDED})
    replaced = scored_run({"1": PLAIN})
    replace_ground_truth(replaced)
    scored_run({"1": PLAIN}, provenance={"frame_order": "listed"})  # of today
    make_run()  # not scored
    found = {finding.run.pk: finding for finding in runs_ordered_as_text()}
    assert {key: finding.order for key, finding in found.items()} == {
        wrong.pk: Order.WRONG,
        several.pk: Order.UNKNOWN,
        unlisted.pk: Order.UNKNOWN,
        unread.pk: Order.UNKNOWN,
        right.pk: Order.RIGHT,
        replaced.pk: Order.UNKNOWN,
    }
    assert found[wrong.pk].why == "frame 2 of video video1 was 10.jpg instead of 2.jpg"
    assert "replaced since" in found[replaced.pk].why
    out = StringIO()
    call_command("list_misordered_runs", stdout=out)
    assert f"{wrong.pk}  wrong order  " in out.getvalue()
    assert str(right.pk) not in out.getvalue()
    assert "wrong order: 1, cannot be known: 4, right order: 1." in out.getvalue()


def test_splits_that_were_imported_before_names_were_kept_are_filled_once(tmp_path: Path) -> None:
    split = make_drawn_split(tmp_path / "benchmark")
    kept = FrameNames.objects.get(split=split).names
    assert kept["1"][0] == f"{split.videos[0]['name']}/00000.jpg"
    FrameNames.objects.all().delete()
    without_frames, unreadable = make_run_split(frames_dir=""), make_run_split()
    assert frame_names_fill_missing() == 1
    assert FrameNames.objects.get(split=split).names == kept
    assert not FrameNames.objects.filter(split__in=[without_frames, unreadable]).exists()
    assert frame_names_fill_missing() == 0
