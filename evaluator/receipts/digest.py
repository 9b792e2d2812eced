"""The digest of a report: equal for equal inputs and numbers, on any machine."""

from __future__ import annotations

import hashlib
import json

from evaluator.version import __version__


def report_digest(
    benchmark: str, ground_truth: str, predictions: str, metrics: dict[str, float | None]
) -> str:
    """Return the digest of a report.

    It is the SHA-256 of a JSON text, with sorted keys and no spaces, of the evaluator's version, the
    benchmark, the SHA-256 of the ground truth, that of the predictions (of the bytes of results.json, however
    it came, or of several files as `files_sha256` joins them) and the metrics, whose numbers are written so
    that they read back exactly.
    """
    parts = {
        "benchmark": benchmark,
        "evaluator": __version__,
        "ground_truth": ground_truth,
        "metrics": metrics,
        "predictions": predictions,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def files_sha256(hashes: list[str]) -> str:
    """Return the SHA-256 of several files: that of their own, a hexadecimal line each."""
    return hashlib.sha256("".join(f"{value}\n" for value in hashes).encode()).hexdigest()
