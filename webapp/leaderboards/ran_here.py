"""Devices and speeds of rows that came from reference runs."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import Max, Sum

from webapp.leaderboards.board import RanHere, Row
from webapp.runs.models import RunVideo
from webapp.submissions.models import Submission


def with_runs(rows: Sequence[Row]) -> list[Row]:
    """The rows, those of runs with what they ran on; one query where there are any."""
    ids = [UUID(row.submission_id) for row in rows if row.origin == Submission.Origin.RUN]
    found = _ran_here(ids) if ids else {}
    return [replace(row, ran=found[row.submission_id]) if row.submission_id in found else row for row in rows]


def _ran_here(submissions: Sequence[UUID]) -> dict[str, RanHere]:
    runs = (
        RunVideo.objects.filter(run__submission__in=submissions)
        .order_by()
        .values("run", "run__submission")
        .annotate(frames_sum=Sum("frames"), seconds_sum=Sum("seconds"), device_name=Max("device"))
    )
    return {
        str(run["run__submission"]): RanHere(
            run_id=str(run["run"]),
            device=run["device_name"],
            frames_per_second=run["frames_sum"] / run["seconds_sum"] if run["seconds_sum"] else None,
        )
        for run in runs
    }
