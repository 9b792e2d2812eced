"""Load the published results as *reported* submissions of their benchmarks, as often as one likes."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime

from django.db import transaction

from webapp.accounts.audit import audit
from webapp.benchmarks.models import Benchmark, Split
from webapp.methods.models import Method, Variant
from webapp.methods.services import method_get_or_create
from webapp.published.catalogue import KNOWN_BENCHMARKS, KnownBenchmark
from webapp.published.retired import RETIRED
from webapp.published.rows import RETRIEVED, PublishedRow, categories_of, published_rows, submission_id
from webapp.submissions.models import Score, Submission
from webapp.submissions.signals import numbers_changed

SPLIT = "val"
READ_AT = datetime.fromisoformat(RETRIEVED).replace(tzinfo=UTC)
DESCRIPTIVE = ("summary", "description", "homepage", "paper_url", "licence", "licence_url", "citation")


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """Numbers of rows that a load made or changed; all zero where everything was there already.

    `retired` rows of ablation tables were taken away: they are shown with their tables.
    """

    benchmarks: int
    methods: int
    variants: int
    submissions: int
    scores: int
    retired: int = 0

    @property
    def changed(self) -> bool:
        return any(astuple(self))


@transaction.atomic
def load_published_results() -> LoadSummary:
    """Make the known benchmarks with their published results, and correct what differs from the data.

    All or nothing. What organisers have written on a benchmark stays; only its empty fields are filled.
    """
    rows = published_rows()
    benchmarks = [_load_benchmark(known) for known in KNOWN_BENCHMARKS]
    splits = {known.slug: _load_split(known) for known in KNOWN_BENCHMARKS}
    methods, new_methods = _load_methods(rows)
    variants, changed_variants = _load_variants(rows, methods)
    wanted = {submission_id(row.id): _submission(row, splits, variants) for row in rows}
    former = list(Submission.objects.filter(pk__in=list(wanted)))
    summary = LoadSummary(
        benchmarks=sum(benchmarks),
        methods=new_methods,
        variants=changed_variants,
        submissions=_store_submissions(wanted),
        scores=_store_scores({submission_id(row.id): row.scores for row in rows}),
        retired=_retire(),
    )
    if summary.changed:
        numbers_changed.send(Submission, submissions=[*former, *wanted.values()])
        audit("published.load", "benchmarks", submissions=summary.submissions, scores=summary.scores)
    return summary


def _load_benchmark(known: KnownBenchmark) -> bool:
    """Make a benchmark or fill its empty fields; whether anything changed."""
    benchmark, created = Benchmark.objects.get_or_create(
        slug=known.slug,
        defaults={
            "name": known.name,
            "evaluator": known.slug,
            "task": known.task,
            "position": known.position,
            "categories": categories_of(known.slug),
            **{field: getattr(known, field) for field in DESCRIPTIVE},
        },
    )
    empty = [field for field in DESCRIPTIVE if not getattr(benchmark, field)]
    for field in empty:
        setattr(benchmark, field, getattr(known, field))
    if empty:
        benchmark.save(update_fields=empty)
    return created or bool(empty)


def _load_split(known: KnownBenchmark) -> Split:
    benchmark = Benchmark.objects.get(slug=known.slug)
    has_default = benchmark.splits.filter(is_default=True).exists()
    defaults = {"is_default": not has_default, "video_count": known.videos}
    return Split.objects.get_or_create(benchmark=benchmark, name=SPLIT, defaults=defaults)[0]


def _load_methods(rows: Sequence[PublishedRow]) -> tuple[dict[str, Method], int]:
    """Return the methods by name, those that belong to nobody, and how many of them are new."""
    methods = {method.name: method for method in Method.objects.filter(owner=None)}
    missing = {row.method: row.method_fields for row in rows if row.method not in methods}
    for name, fields in missing.items():
        methods[name] = method_get_or_create(owner=None, name=name, **fields)
    return methods, len(missing)


def _load_variants(
    rows: Iterable[PublishedRow], methods: dict[str, Method]
) -> tuple[dict[tuple[str, str], Variant], int]:
    """Return the variants by method and name, their factors those of the data; how many were written."""
    found = Variant.objects.filter(method__owner=None).select_related("method")
    variants = {(variant.method.name, variant.name): variant for variant in found}
    new, changed = [], []
    for key, factors in {(row.method, row.variant): row.factors for row in rows}.items():
        if key not in variants:
            variants[key] = Variant(method=methods[key[0]], name=key[1], factors=factors)
            new.append(variants[key])
        elif variants[key].factors != factors:
            variants[key].factors = factors
            changed.append(variants[key])
    Variant.objects.bulk_create(new)
    Variant.objects.bulk_update(changed, ["factors"])
    return variants, len(new) + len(changed)


def _submission(
    row: PublishedRow, splits: dict[str, Split], variants: dict[tuple[str, str], Variant]
) -> Submission:
    return Submission(
        id=submission_id(row.id),
        variant=variants[row.method, row.variant],
        split=splits[row.benchmark],
        origin=Submission.Origin.REPORTED,
        # Born scored: no job works on it, so no change of status is written here.
        status=Submission.Status.SCORED,
        source=row.source,
        created_at=READ_AT,
        finished_at=READ_AT,
    )


def _retire() -> int:
    """Delete the rows of ablation tables that earlier versions loaded, and the variants that had no other."""
    rows = Submission.objects.filter(pk__in=list(RETIRED), origin=Submission.Origin.REPORTED)
    variants = dict(rows.values_list("pk", "variant"))
    rows.delete()
    Variant.objects.filter(pk__in=variants.values(), submissions=None, runs=None).delete()
    return len(variants)


def _store_submissions(wanted: dict[uuid.UUID, Submission]) -> int:
    stored = Submission.objects.in_bulk(list(wanted))
    new = [submission for id_, submission in wanted.items() if id_ not in stored]
    changed = [
        submission
        for id_, submission in wanted.items()
        if id_ in stored and _facts(submission) != _facts(stored[id_])
    ]
    Submission.objects.bulk_create(new)
    Submission.objects.bulk_update(changed, ["variant", "split", "source"])
    return len(new) + len(changed)


def _facts(submission: Submission) -> tuple[int, int, dict[str, object]]:
    return submission.variant_id, submission.split_id, submission.source


def _store_scores(wanted: dict[uuid.UUID, dict[str, float]]) -> int:
    """Make the stored numbers those of the data; return how many were written or taken away."""
    stored = {(s.submission_id, s.metric): s for s in Score.objects.filter(submission_id__in=list(wanted))}
    values = {(id_, metric): value for id_, scores in wanted.items() for metric, value in scores.items()}
    new = [
        Score(submission_id=id_, metric=metric, value=value)
        for (id_, metric), value in values.items()
        if (id_, metric) not in stored
    ]
    changed = [stored[key] for key, value in values.items() if key in stored and stored[key].value != value]
    for score in changed:
        score.value = values[score.submission_id, score.metric]
    stale = [score.pk for key, score in stored.items() if key not in values]
    Score.objects.bulk_create(new)
    Score.objects.bulk_update(changed, ["value"])
    Score.objects.filter(pk__in=stale).delete()
    return len(new) + len(changed) + len(stale)
