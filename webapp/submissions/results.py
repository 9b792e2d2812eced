"""Scores as rows, for ranking in SQL, and the full report as a compressed file."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from webapp.storage import blob_bytes, blob_save_bytes
from webapp.submissions.models import Score, Submission


def result_store(submission: Submission, report: Mapping[str, Any]) -> None:
    """Fill a submission (which the caller saves) and write its scores, in the caller's transaction.

    Args:
        submission: locked by the caller.
        report: the `--json` contract of DESIGN section 3.
    """
    text = json.dumps(report, allow_nan=False, separators=(",", ":"))
    submission.result = blob_save_bytes(gzip.compress(text.encode(), mtime=0))
    submission.evaluator, submission.digest = report["evaluator"], report["digest"]
    submission.problems = report["warnings"]
    scores_store(submission, report["metrics"])


def scores_store(submission: Submission, metrics: Mapping[str, float | None]) -> None:
    """Write one row a metric, NULL where it is undefined."""
    rows = [Score(submission=submission, metric=key, value=value) for key, value in metrics.items()]
    Score.objects.bulk_create(rows)


def result_read(submission: Submission) -> dict[str, Any]:
    """The full report. Raises ValueError where the submission has none."""
    if submission.result is None:
        raise ValueError(f"Expected a scored submission, but {submission.id} is {submission.status}")
    report: dict[str, Any] = json.loads(gzip.decompress(blob_bytes(submission.result)))
    return report
