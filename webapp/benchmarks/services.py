"""Writes of benchmarks: importing a ground truth makes a benchmark and a split, or renews them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from evaluator.catalog import BENCHMARKS
from evaluator.ground_truths import describe_ground_truth
from evaluator.problems import Problem
from evaluator.types import Listing
from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.benchmarks.frames import frame_names_read, frame_names_store, frames_check
from webapp.benchmarks.ground_truth import ground_truth_blob, readable
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.subsets import subsets_choose, subsets_store
from webapp.blobs.models import Blob
from webapp.refusal import Refused

# What an import may set of a split.
RULES = frozenset(
    {
        *("opens_at", "closes_at", "quota_per_day", "quota_total"),
        *("scores_visible", "details_visible", "ground_truth_public", "frames_public"),
    }
)
# Of a split whose ground truth is not public, where nothing else was chosen: numbers reveal something of it.
PRIVATE_QUOTA = {"quota_per_day": 5, "quota_total": 100}


@dataclass(frozen=True, slots=True)
class Import:
    """The result of an import.

    `outdated` counts scores measured against the former ground truth, `warnings` say what looks unintended
    in the new one. `annotations` is None where no ground truth was given.
    """

    split: Split
    annotations: int | None
    outdated: int
    warnings: tuple[Problem, ...] = ()


def benchmark_import(
    *,
    slug: str,
    evaluator: str,
    split: str,
    ground_truth: Path,
    frames: Path | None = None,
    replace: bool = False,
    subsets: Mapping[str, Listing] | None = None,
    rules: Mapping[str, Any] | None = None,
    actor: User | None = None,
    by: str = "",
    **fields: Any,
) -> Import:
    """Check and store the ground truth of a split. A new split is closed, unless `rules` open it.

    Args:
        slug: of the benchmark, which is made where it is missing.
        evaluator: key in `evaluator.catalog.BENCHMARKS`.
        split: its name.
        ground_truth: a JSON file, also gzipped, or a folder with PNG maps, as the benchmark's task has it.
        frames: folder with a folder of frames per video.
        replace: whether scores may stay that were measured against another ground truth.
        subsets: lists of videos for which every submission is scored as well, by their names.
        rules: fields of Split (RULES).
        actor: who imports, where that is an account.
        by: who imports otherwise, in words.
        fields: others of Benchmark (name, summary, licence, is_public, ...).

    What is not given stays as it is.
    Raises Refused, or evaluator.problems.GroundTruthError with all that is wrong with the file.
    """
    _check_names(evaluator, slug, split, *(subsets or {}))
    with readable(evaluator, ground_truth) as path:
        summary = describe_ground_truth(evaluator, path)
        blob = ground_truth_blob(path, summary)
    names = frame_names_read(evaluator=evaluator, ground_truth=blob)
    if frames is not None:
        frames_check(frames, summary.videos, names)
    with transaction.atomic():
        benchmark = _benchmark(slug, evaluator, fields)
        row, _ = Split.objects.select_for_update().get_or_create(
            benchmark=benchmark, name=split, defaults={"is_default": not benchmark.splits.exists()}
        )
        is_new = row.ground_truth_id is None
        outdated = _outdated(row, blob)
        if outdated and not replace:
            raise Refused(
                "ground-truth-in-use",
                f"{row} has {outdated} scored submissions, measured against another ground truth.",
                "Import it as another split (--split), or add --replace: the scores stay as they are, "
                "and only submissions from now on are measured against the new file.",
                status=409,
            )
        row.ground_truth = blob
        row.frames_dir = str(frames.resolve()) if frames else row.frames_dir
        row.videos = [asdict(video) for video in summary.videos]
        row.video_count = len(summary.videos)
        row.categories = [asdict(category) for category in summary.categories]
        if row.is_default or not benchmark.categories:
            Benchmark.objects.filter(pk=benchmark.pk).update(categories=row.categories)
            benchmark.categories = row.categories
        given = _set_rules(row, rules or {}, is_new=is_new)
        frame_names_store(split=row, names=names)
        _store_subsets(row, subsets or {})
        audit(
            "benchmark.import",
            f"split:{row.pk}",
            actor=actor,
            ground_truth=blob.sha256,
            outdated=outdated,
            **given,
            **_made_by(by),
        )
    return Import(split=row, annotations=summary.annotations, outdated=outdated, warnings=summary.warnings)


@transaction.atomic
def split_update(
    *,
    slug: str,
    split: str,
    frames: Path | None = None,
    subsets: Mapping[str, Listing] | None = None,
    rules: Mapping[str, Any] | None = None,
    actor: User | None = None,
    by: str = "",
    **fields: Any,
) -> Import:
    """Change a split whose ground truth is here already; see `benchmark_import`. Raises Refused."""
    row = Split.objects.select_for_update(of=("self",)).filter(benchmark__slug=slug, name=split).first()
    if row is None or row.ground_truth is None:
        raise Refused(
            "ground-truth-missing",
            f"{slug} has no split {split!r} with a ground truth.",
            "Give the file or folder with --gt, and the evaluator with --benchmark.",
        )
    if frames is not None:
        names = frame_names_read(evaluator=row.benchmark.evaluator, ground_truth=row.ground_truth)
        frames_check(frames, row.video_infos(), names)
        row.frames_dir = str(frames.resolve())
    _set_fields(row.benchmark, fields)
    given = _set_rules(row, rules or {}, is_new=False)
    _store_subsets(row, subsets or {})
    audit("benchmark.change", f"split:{row.pk}", actor=actor, **given, **_made_by(by))
    return Import(split=row, annotations=None, outdated=0)


def _set_rules(row: Split, rules: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """Save a split with `rules`; returns them as the audit trail keeps them. Raises Refused."""
    if unknown := rules.keys() - RULES:
        raise TypeError(f"Expected some of {', '.join(sorted(RULES))}, but got {', '.join(sorted(unknown))}")
    for field, value in rules.items():
        setattr(row, field, value)
    if is_new and not row.ground_truth_public:
        for field, most in PRIVATE_QUOTA.items():
            if field not in rules and getattr(row, field) is None:
                setattr(row, field, most)
    _clean(row, exclude={"ground_truth", "videos", "categories", "benchmark"})
    row.save()
    return {
        field: value if isinstance(value, bool | int | None) else str(value) for field, value in rules.items()
    }


def _made_by(by: str) -> dict[str, str]:
    return {"by": by} if by else {}


def _clean(row: Benchmark | Split, exclude: set[str] | None = None) -> None:
    """Apply the rules of the fields. Raises Refused."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        said = [
            f"{field}: {' '.join(messages)}" if field != NON_FIELD_ERRORS else " ".join(messages)
            for field, messages in error.message_dict.items()
        ]
        raise Refused("field-value", "; ".join(said), "Correct it and try again.") from error


def _check_names(evaluator: str, *names: str) -> None:
    if evaluator not in BENCHMARKS:
        raise Refused(
            "unknown-benchmark",
            f"This version has no evaluator for {evaluator!r}.",
            f"Choose one of {', '.join(BENCHMARKS)}.",
        )
    for name in names:
        try:
            validate_slug(name)
        except ValidationError:
            raise Refused(
                "bad-name", f"{name!r} cannot be part of an address.", "Use letters, digits, - and _."
            ) from None


def _benchmark(slug: str, evaluator: str, fields: dict[str, Any]) -> Benchmark:
    """The benchmark of that slug with the evaluator and fields given."""
    spec = BENCHMARKS[evaluator]
    benchmark, _ = Benchmark.objects.select_for_update().get_or_create(
        slug=slug,
        defaults={
            "name": spec.name if slug == evaluator else slug,
            "evaluator": evaluator,
            "task": spec.task,
        },
    )
    if benchmark.evaluator != evaluator and any(_scored_here(split) for split in benchmark.splits.all()):
        raise Refused(
            "benchmark-evaluator",
            f"{slug} is evaluated as {benchmark.evaluator!r} and has scores; {evaluator!r} was asked for.",
            "Import it under another slug.",
            status=409,
        )
    benchmark.evaluator, benchmark.task = evaluator, spec.task
    _set_fields(benchmark, fields)
    return benchmark


def _set_fields(benchmark: Benchmark, fields: Mapping[str, Any]) -> None:
    """Save a benchmark with other texts. Raises Refused."""
    for field, value in fields.items():
        setattr(benchmark, field, value)
    _clean(benchmark, exclude={"categories"})
    benchmark.save()


def _store_subsets(split: Split, subsets: Mapping[str, Listing]) -> None:
    """Store the subsets that are given; those that were there before must fit the ground truth, too."""
    former = {row.name: row.videos for row in split.subsets.all()}
    chosen = subsets_choose(videos=split.videos_by_label(), subsets={**former, **subsets})
    subsets_store(split=split, chosen=chosen)


def _outdated(split: Split, blob: Blob) -> int:
    """Return how many submissions of the split were scored here against another ground truth than `blob`."""
    return 0 if split.ground_truth_id in (None, blob.pk) else _scored_here(split)


def _scored_here(split: Split) -> int:
    """Return how many submissions this server has scored, by the reverse relation: submissions lie above."""
    return split.submissions.filter(status="scored").exclude(origin="reported").count()
