"""Scores as rows, for ranking in SQL, and the full report as a compressed file."""

import gzip
import json
import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.benchmarks.models import VideoSubset
from webapp.blobs.storage import blob_bytes, blob_save_bytes
from webapp.refusal import Refused
from webapp.submissions.models import Score, ScoreSamples, Submission, SubsetScore

logger = logging.getLogger(__name__)


class ResultLost(Refused):
    """The file with the details of a result is missing or damaged; its scores are in the database."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(
            "result-lost",
            f"The file with the details of submission {submission.id} is missing or damaged on this server. "
            "Its scores are not affected.",
            "The operators restore it from a backup, or measure the submission again.",
            status=503,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an evaluation.

    Attributes:
        report: as `evaluator.Report.to_json` gives it.
        samples: of headline metrics, as `evaluator.statistics.comparison.pack_samples` gives them; empty
            where no videos were drawn again.
        subsets: those that the evaluation was given; the report has their numbers by name.
        subset_samples: of these by name, as `samples`.
    """

    report: Mapping[str, Any]
    samples: Mapping[str, bytes] = field(default_factory=dict)
    subsets: Sequence[VideoSubset] = ()
    subset_samples: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


def result_store(submission: Submission, outcome: Outcome) -> None:
    """Fill a submission (which the caller saves) and write its scores, in the caller's transaction.

    Args:
        submission: locked by the caller.
        outcome: its subsets are stored by `subset_scores_store`.
    """
    report = outcome.report
    text = json.dumps(report, allow_nan=False, separators=(",", ":"))
    submission.result = blob_save_bytes(gzip.compress(text.encode(), mtime=0))
    submission.evaluator, submission.digest = report["evaluator"], report["digest"]
    submission.problems = report["warnings"]
    intervals = report["intervals"]
    Score.objects.bulk_create(
        Score(submission=submission, metric=key, value=value, low=low, high=high)
        for key, value in report["metrics"].items()
        for low, high in [intervals.get(key) or (None, None)]
    )
    ScoreSamples.objects.bulk_create(
        ScoreSamples(submission=submission, metric=key, samples=packed)
        for key, packed in outcome.samples.items()
    )


def subset_scores_store(submission: Submission, outcome: Outcome) -> None:
    """Write the numbers of each subset that is still the one that was evaluated.

    Args:
        submission: locked by the caller.
        outcome: its report has the numbers of its subsets by their names.
    """
    # Locked, so that none is deleted before the caller's transaction ends.
    present = VideoSubset.objects.select_for_update(no_key=True).filter(
        pk__in=[subset.pk for subset in outcome.subsets]
    )
    SubsetScore.objects.bulk_create(
        SubsetScore(
            submission=submission,
            subset=subset,
            metric=key,
            value=value,
            low=low,
            high=high,
            samples=outcome.subset_samples.get(subset.name, {}).get(key),
        )
        for subset in present
        for part in [outcome.report["subsets"][subset.name]]
        for key, value in part["metrics"].items()
        for low, high in [part["intervals"].get(key) or (None, None)]
    )


def scores_copy(submission: Submission, earlier: Submission) -> None:
    """Give a submission the scores of an earlier one with the same file, with subsets and samples."""
    scores = list(earlier.scores.all())
    subset_scores = list(earlier.subset_scores.all())
    samples = list(earlier.samples.all())
    rows: list[Score | SubsetScore | ScoreSamples] = [*scores, *subset_scores, *samples]
    for row in rows:
        row.pk, row.submission = None, submission
    SubsetScore.objects.bulk_create(subset_scores)
    Score.objects.bulk_create(scores)
    ScoreSamples.objects.bulk_create(samples)


def result_read(submission: Submission) -> dict[str, Any]:
    """The full report. Raises ValueError where there is none, ResultLost where it cannot be read."""
    if submission.result is None:
        raise ValueError(f"Expected a scored submission, but {submission.id} is {submission.status}")
    try:
        report: dict[str, Any] = json.loads(gzip.decompress(blob_bytes(submission.result)))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        logger.error("The result %s of submission %s: %r", submission.result.key, submission.id, error)
        raise ResultLost(submission) from error
    return report
