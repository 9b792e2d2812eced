"""Writes of benchmarks: importing a ground truth makes a benchmark and a split, or renews them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from evaluator.catalog import BENCHMARKS
from evaluator.ground_truths import describe_ground_truth
from evaluator.problems import Problem
from evaluator.types import GroundTruthSummary, Listing
from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.benchmarks.frames import frame_names_read, frame_names_store
from webapp.benchmarks.ground_truth import ground_truth_blob, readable
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.subsets import subsets_choose, subsets_store
from webapp.blobs.models import Blob
from webapp.refusal import Refused


@dataclass(frozen=True, slots=True)
class Import:
    """The result of an import.

    `outdated` counts scores measured against the former ground truth, `warnings` tell what looks unintended
    in the new one.
    """

    split: Split
    annotations: int
    outdated: int
    warnings: tuple[Problem, ...] = ()


def benchmark_import(
    *,
    slug: str,
    evaluator: str,
    split: str,
    ground_truth: Path,
    frames: Path | None = None,
    public_ground_truth: bool = False,
    replace: bool = False,
    subsets: Mapping[str, Listing] | None = None,
    actor: User | None = None,
    **fields: Any,
) -> Import:
    """Check and store a ground truth and open its split for submissions.

    It is a JSON file, also gzipped, or a folder with PNG maps, as the benchmark's task has it.
    `subsets` are lists of videos for which every submission is scored as well, by their names. `fields` are
    others of Benchmark (name, summary, licence, ...). What is not given stays as it is.
    Raises Refused, or evaluator.problems.GroundTruthError with all that is wrong with the file.
    """
    _check_names(evaluator, slug, split, *(subsets or {}))
    with readable(evaluator, ground_truth) as path:
        summary = describe_ground_truth(evaluator, path)
        blob = ground_truth_blob(path, summary)
    names = frame_names_read(evaluator=evaluator, ground_truth=blob)
    _check_frames(frames, summary, names)
    with transaction.atomic():
        benchmark = _benchmark(slug, evaluator, summary, fields)
        row, _ = Split.objects.select_for_update().get_or_create(
            benchmark=benchmark, name=split, defaults={"is_default": not benchmark.splits.exists()}
        )
        outdated = _outdated(row, blob)
        if outdated and not replace:
            raise Refused(
                "ground-truth-in-use",
                f"{row} has {outdated} scored submissions, measured against another ground truth.",
                "Import it as another split (--split), or add --replace: the scores stay as they are, "
                "and only submissions from now on are measured against the new file.",
                status=409,
            )
        row.ground_truth, row.ground_truth_public = blob, public_ground_truth
        row.frames_dir = str(frames.resolve()) if frames else row.frames_dir
        row.videos = [asdict(video) for video in summary.videos]
        row.video_count = len(summary.videos)
        row.save()
        frame_names_store(split=row, names=names)
        _store_subsets(row, subsets or {})
        audit("benchmark.import", f"split:{row.pk}", actor=actor, ground_truth=blob.sha256, outdated=outdated)
    return Import(split=row, annotations=summary.annotations, outdated=outdated, warnings=summary.warnings)


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


def _check_frames(frames: Path | None, summary: GroundTruthSummary, names: Mapping[str, list[str]]) -> None:
    """Refuse a frames folder that holds none of the videos: most likely the level above or below is meant."""
    if frames is None:
        return
    folders = {folder for video in summary.videos for folder in (video.name, PurePosixPath(video.name).name)}
    if any(frames.joinpath(folder).is_dir() for folder in folders):
        return
    if any(frames.joinpath(listed[0]).is_file() for listed in names.values()):  # all videos in one folder
        return
    raise Refused(
        "frames-missing",
        f"{frames} has no folder for any of the {len(summary.videos)} videos, "
        f"such as {summary.videos[0].name if summary.videos else ''!r}.",
        "Give the folder that holds one folder of frames per video, or leave --frames out.",
    )


def _benchmark(slug: str, evaluator: str, summary: GroundTruthSummary, fields: dict[str, Any]) -> Benchmark:
    """The benchmark of that slug with the evaluator, categories and fields given."""
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
    benchmark.categories = [asdict(category) for category in summary.categories]
    for field, value in fields.items():
        setattr(benchmark, field, value)
    try:
        benchmark.full_clean()
    except ValidationError as error:
        raise Refused("field-value", "; ".join(error.messages), "Correct it and try again.") from error
    benchmark.save()
    return benchmark


def _store_subsets(split: Split, subsets: Mapping[str, Listing]) -> None:
    """Store the subsets that are given; those that were there before must fit the ground truth, too."""
    former = {row.name: row.videos for row in split.subsets.all()}
    chosen = subsets_choose(
        videos=split.videos, has_maps=split.benchmark.has_maps, subsets={**former, **subsets}
    )
    subsets_store(split=split, chosen=chosen)


def _outdated(split: Split, blob: Blob) -> int:
    """Return how many submissions of the split were scored here against another ground truth than `blob`."""
    return 0 if split.ground_truth_id in (None, blob.pk) else _scored_here(split)


def _scored_here(split: Split) -> int:
    """Return how many submissions this server has scored, by the reverse relation: submissions lie above."""
    return split.submissions.filter(status="scored").exclude(origin="reported").count()
