"""Devices, speeds and sizes of rows that came from reference runs: what was measured here."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import Max, Min, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from webapp.checkpoints.zoo import models
from webapp.leaderboards.board import RanHere, Row
from webapp.runs.models import RunVideo
from webapp.submissions.costs import KINDS, Cost, cost_said
from webapp.submissions.models import Submission


def with_runs(rows: Sequence[Row]) -> list[Row]:
    """The rows, those of runs with what they ran on and what they cost; one query where there are any."""
    found = _ran_here([UUID(row.submission_id) for row in rows if row.origin == Submission.Origin.RUN])
    return [
        replace(row, ran=found[row.submission_id][0], cost=found[row.submission_id][1])
        if row.submission_id in found
        else row
        for row in rows
    ]


def costs_of(submissions: Iterable[Submission]) -> dict[UUID, Cost]:
    """What each of these submissions costs: printed, stated or measured; one query where there are runs."""
    costs = {one.pk: cost_said(one) for one in submissions}
    runs = [one.pk for one in submissions if one.origin == Submission.Origin.RUN]
    return costs | {UUID(key): cost for key, (_, cost) in _ran_here(runs).items()}


def _ran_here(submissions: Sequence[UUID]) -> dict[str, tuple[RanHere, Cost]]:
    if not submissions:
        return {}
    runs = (
        RunVideo.objects.filter(run__submission__in=submissions)
        .order_by()
        .values("run", "run__submission", "run__model")
        .annotate(
            counted=KeyTransform("cost", "run__provenance"), mode=KeyTextTransform("mode", "run__options")
        )
        .annotate(
            frames_sum=Sum("frames"),
            seconds_sum=Sum("seconds"),
            device_name=Max("device"),
            other_device=Min("device"),
        )
    )
    found = {}
    for run in runs:
        fps = run["frames_sum"] / run["seconds_sum"] if run["seconds_sum"] else None
        device = run["device_name"]
        if run["other_device"] != device:  # a mean of two machines is the speed of neither
            device, fps = f"{run['other_device']} and {device}", None
        counted = run["counted"] or {}  # runs from before it was counted have none
        spec = models().get(run["run__model"])
        is_whole = spec is not None and run["mode"] == spec.modes[0]
        cost = Cost(
            params_m=counted.get("params_m") or (spec.parameters / 1e6 if spec and is_whole else None),
            gmacs=counted.get("gmacs"),
            fps=fps,
            device=device if fps else "",
            kind=KINDS[Submission.Origin.RUN],
        )
        found[str(run["run__submission"])] = (RanHere(str(run["run"]), device, fps), cost)
    return found
