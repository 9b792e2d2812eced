"""Writes of benchmarks: importing a ground truth makes a benchmark and a split, or renews them."""

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction

from evaluator.catalog import BENCHMARKS
from evaluator.formats import describe_ground_truth
from evaluator.types import GroundTruthSummary
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.jobs.audit import audit
from webapp.refusal import Refused
from webapp.storage import blob_save_copy
from webapp.submissions.models import Submission
from webapp.uploads.models import Blob

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Import:
    """What an import did. `outdated` counts scores that stand measured against the former ground truth."""

    split: Split
    annotations: int
    outdated: int


def benchmark_import(
    *,
    slug: str,
    evaluator: str,
    split: str,
    ground_truth: Path,
    frames: Path | None = None,
    public_ground_truth: bool = False,
    replace: bool = False,
    actor: User | None = None,
    **fields: Any,
) -> Import:
    """Check and store a ground truth (JSON, also gzipped) and open its split for submissions.

    `fields` are others of Benchmark (name, summary, licence, ...); what is not given stays as it is.
    Raises Refused, or evaluator.problems.GroundTruthError with all that is wrong with the file.
    """
    _check_names(slug, evaluator, split)
    if not ground_truth.is_file():
        raise Refused(
            "ground-truth-missing",
            f"There is no file {ground_truth}.",
            "Give the path of the annotation file (.json or .json.gz) with --gt.",
        )
    with _plain_json(ground_truth) as path:
        summary = describe_ground_truth(evaluator, path)
        _check_frames(frames, summary)
        blob = blob_save_copy(path)
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
        audit("benchmark.import", f"split:{row.pk}", actor=actor, ground_truth=blob.sha256, outdated=outdated)
    return Import(split=row, annotations=summary.annotations, outdated=outdated)


def _check_names(slug: str, evaluator: str, split: str) -> None:
    if evaluator not in BENCHMARKS:
        raise Refused(
            "unknown-benchmark",
            f"This version has no evaluator for {evaluator!r}.",
            f"Choose one of {', '.join(BENCHMARKS)}.",
        )
    for name in (slug, split):
        try:
            validate_slug(name)
        except ValidationError:
            raise Refused(
                "bad-name", f"{name!r} cannot be part of an address.", "Use letters, digits, - and _."
            ) from None


@contextmanager
def _plain_json(path: Path) -> Iterator[Path]:
    """The file itself, or what is in it where it is gzipped: hashes are taken over the plain text."""
    with path.open("rb") as file:
        zipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    if not zipped:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="dvis-bench-") as folder:
        plain = Path(folder, path.name.removesuffix(".gz"))
        try:
            with gzip.open(path) as source, plain.open("wb") as target:
                shutil.copyfileobj(source, target)
        except (EOFError, gzip.BadGzipFile) as error:
            raise Refused(
                "ground-truth-damaged",
                f"{path} is a gzip file that cannot be unpacked ({error}).",
                "Fetch or compress it again.",
            ) from error
        yield plain


def _check_frames(frames: Path | None, summary: GroundTruthSummary) -> None:
    """Refuse a frames folder that holds none of the videos: most likely the level above or below is meant."""
    if frames is None or any(frames.joinpath(video.name).is_dir() for video in summary.videos):
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
        slug=slug, defaults={"name": spec.name, "evaluator": evaluator, "task": spec.task}
    )
    scored = Submission.objects.filter(split__benchmark=benchmark, status=Submission.Status.SCORED)
    if benchmark.evaluator != evaluator and scored.exclude(origin=Submission.Origin.REPORTED).exists():
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


def _outdated(split: Split, blob: Blob) -> int:
    """How many submissions of the split were scored here against another ground truth than `blob`."""
    if split.ground_truth_id in (None, blob.pk):
        return 0
    scored = split.submissions.filter(status=Submission.Status.SCORED)
    return scored.exclude(origin=Submission.Origin.REPORTED).count()
