"""The statement of a receipt; docs/receipts.md describes every field."""

from dataclasses import asdict
from typing import Any

from django.conf import settings

from evaluator.receipts import ALGORITHM, FORMAT, canonical
from webapp.receipts.keys import signing_key
from webapp.refusal import Refused
from webapp.runs.models import Run
from webapp.runs.selectors import run_figures
from webapp.submissions.models import Submission
from webapp.submissions.sentences import status_sentence


def has_receipt(submission: Submission) -> bool:
    """Return whether it was measured here: published numbers were not."""
    return submission.status == Submission.Status.SCORED and submission.ground_truth_id is not None


def receipt_of(submission: Submission, *, server: str, page: str) -> dict[str, Any]:
    """The signed receipt of a submission. Ask `scores_are_visible` first.

    The same submission has the same receipt until somebody renames what it names, or the key is changed.

    Args:
        submission: any; Refused is raised unless it was scored here.
        server: address of this server.
        page: address of the submission's page.
    """
    if not has_receipt(submission):
        raise Refused(
            "no-receipt",
            f"There is no receipt of this submission: {status_sentence(submission)}.",
            "Only what was scored on this server has one.",
            status=409,
        )
    statement = _statement(submission, server, page)
    key = signing_key()
    signature = {
        "algorithm": ALGORITHM,
        "key_id": key.key_id,
        "public_key": key.public_key,
        "value": key.sign(canonical(statement)),
    }
    return {"receipt": statement, "signature": signature}


def _statement(submission: Submission, server: str, page: str) -> dict[str, Any]:
    split, variant, blob = submission.split, submission.variant, submission.blob
    if blob is None or submission.finished_at is None:
        raise ValueError(f"Expected {submission.id} to have predictions and an end, but one is missing")
    return {
        "format": FORMAT,
        "server": {"name": settings.SITE_NAME, "url": server},
        "benchmark": {
            "slug": split.benchmark.slug,
            "name": split.benchmark.name,
            "split": split.name,
            "evaluator": split.benchmark.evaluator,
        },
        "submission": {
            "id": str(submission.id),
            "url": page,
            "origin": submission.origin,
            "author": submission.author.get_username() if submission.author else None,
            "method": variant.method.name,
            "variant": variant.name,
            "factors": variant.factors_as_typed,
            "submitted_at": submission.created_at.isoformat(),
            "scored_at": submission.finished_at.isoformat(),
        },
        "evaluator": submission.evaluator,
        "ground_truth": {"sha256": submission.ground_truth_id},
        "predictions": {"sha256": blob.sha256, "size": blob.size},
        "metrics": dict(submission.scores.values_list("metric", "value")),
        "digest": submission.digest,
        "run": _run(submission),
    }


def _run(submission: Submission) -> dict[str, Any] | None:
    """Return a reference run's options, device and speed; None for an upload."""
    run: Run | None = getattr(submission, "run", None)
    if run is None:
        return None
    return {"id": str(run.id), **run.provenance, "figures": asdict(run_figures(run))}
