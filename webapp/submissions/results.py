"""Scores as rows, for ranking in SQL, and the full report as a compressed file."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from webapp.storage import blob_bytes, blob_save_bytes
from webapp.submissions.models import Score, ScoreSamples, Submission


def result_store(
    submission: Submission, report: Mapping[str, Any], samples: Mapping[str, bytes] | None = None
) -> None:
    """Fill a submission (which the caller saves) and write its scores, in the caller's transaction.

    Args:
        submission: locked by the caller.
        report: the `--json` contract of DESIGN section 3.
        samples: of headline metrics, as `evaluator.comparison.pack_samples` gives them; None where no videos
            were drawn anew.
    """
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
        for key, packed in (samples or {}).items()
    )


def scores_store(submission: Submission, metrics: Mapping[str, float | None]) -> None:
    """Write one row a metric, NULL where it is undefined."""
    rows = [Score(submission=submission, metric=key, value=value) for key, value in metrics.items()]
    Score.objects.bulk_create(rows)


def scores_copy(submission: Submission, earlier: Submission) -> None:
    """Give a submission the scores of an earlier one with the same file, intervals and samples included."""
    scores = list(earlier.scores.all())
    samples = list(earlier.samples.all())
    for row in (*scores, *samples):
        row.pk, row.submission = None, submission
    Score.objects.bulk_create(scores)
    ScoreSamples.objects.bulk_create(samples)


def result_read(submission: Submission) -> dict[str, Any]:
    """The full report. Raises ValueError where the submission has none."""
    if submission.result is None:
        raise ValueError(f"Expected a scored submission, but {submission.id} is {submission.status}")
    report: dict[str, Any] = json.loads(gzip.decompress(blob_bytes(submission.result)))
    return report
