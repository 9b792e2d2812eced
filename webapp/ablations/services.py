"""Makes the studies of what was measured here; called by the housekeeper, never in a request."""

from collections import defaultdict
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import models
from django.db.models import Count, F, QuerySet
from django.db.models.functions import MD5, Cast, Concat

from evaluator import __version__
from evaluator.statistics.comparison import unpack_samples
from webapp.ablations.effects import effects_studies
from webapp.ablations.measured import About, Measured, measured_studies
from webapp.ablations.models import KeptStudies
from webapp.ablations.studies import study_to_json
from webapp.benchmarks.models import Split
from webapp.leaderboards.metrics import OCCLUSION, primary_metric
from webapp.methods.models import Method
from webapp.submissions.models import Submission

VARIANTS = 60
"""Of a method with more variants on a split, those with the best numbers are studied."""


def submissions_studied() -> QuerySet[Submission]:
    """Return what studies rest on: public, and measured by today's evaluator against today's ground truth."""
    scored = Submission.objects.filter(status=Submission.Status.SCORED, is_public=True)
    return scored.filter(evaluator=__version__, ground_truth=F("split__ground_truth"))


def studies_measure_due() -> int:
    """Make the studies whose submissions or factors changed, and forget those without; return how many."""
    text = models.TextField()
    parts = Concat("digest", Cast("variant__factors", text), "variant__name", output_field=text)
    found = (
        submissions_studied()
        .order_by()
        .values("split", "variant__method")
        .annotate(variants=Count("variant", distinct=True), basis=MD5(StringAgg(parts, " ", order_by="pk")))
        .filter(variants__gt=1)
    )
    due = {(row["split"], row["variant__method"]): row["basis"] for row in found}
    kept = {(one.split_id, one.method_id): one for one in KeptStudies.objects.defer("studies")}
    for key, one in kept.items():
        if key not in due:
            one.delete()
    changed = [key for key, basis in due.items() if key not in kept or kept[key].basis != basis]
    for split_id, method_id in changed:
        _measure(split_id, method_id, due[split_id, method_id])
    return len(changed)


def _measure(split_id: int, method_id: int, basis: str) -> None:
    split = Split.objects.select_related("benchmark").defer("videos").get(pk=split_id)
    method = Method.objects.get(pk=method_id)
    primary = primary_metric(split.benchmark)
    keys = tuple(
        dict.fromkeys((primary, *OCCLUSION, *(split.benchmark.spec.headline if split.benchmark.spec else ())))
    )
    rows = _best(split, method, primary, keys)
    draws = max((len(sample) for row in rows for sample in row.samples.values()), default=0)
    measured = f"Measured here by evaluator {__version__}" + (
        f"; the 95 % interval of each difference is of the same {draws:,} draws of the videos."
        if draws
        else "."
    )
    about = About(method.name, method.slug, split.benchmark.slug, split.name, keys, measured)
    found = [*measured_studies(rows, about), *effects_studies(rows, about)]
    studies = [study_to_json(study) for study in found]
    KeptStudies.objects.update_or_create(
        split=split, method=method, defaults={"basis": basis, "studies": studies}
    )


def _best(split: Split, method: Method, primary: str, keys: tuple[str, ...]) -> list[Measured]:
    """Return the best submission of each variant."""
    rows = submissions_studied().filter(split=split, variant__method=method)
    loaded = rows.select_related("variant").prefetch_related("scores", "samples").defer("problems")
    best: dict[int, tuple[float, str, Submission, dict[str, float]]] = {}
    for row in loaded.order_by("finished_at", "pk"):
        values = {one.metric: one.value for one in row.scores.all() if one.value is not None}
        if primary in values and values[primary] > best.get(row.variant_id, (-1.0,))[0]:
            best[row.variant_id] = (values[primary], str(row.pk), row, values)
    chosen = sorted(best.values(), key=lambda one: (-one[0], one[1]))[:VARIANTS]
    return [
        Measured(
            submission=id,
            variant=row.variant.name,
            factors={name: str(value) for name, value in row.variant.factors.items()},
            values={key: values[key] for key in keys if key in values},
            samples=_samples(row),
        )
        for _, id, row, values in chosen
    ]


def _samples(row: Submission) -> dict[str, Any]:
    found: dict[str, Any] = defaultdict(tuple)
    for one in row.samples.all():
        found[one.metric] = unpack_samples(bytes(one.samples))
    return found
