"""Masks of real networks on real DAVIS videos, as a benchmark; tests/parity/README.md tells where from."""

import gzip
import json
from pathlib import Path

from django.utils import timezone

from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import

FOLDER = Path(__file__).parents[1] / "parity" / "real" / "davis_results"


def make_davis_split() -> Split:
    """Import the ground truth as `davis val`."""
    return benchmark_import(
        slug="davis",
        evaluator="ytvis2019",
        split="val",
        ground_truth=FOLDER / "gt.json.gz",
        name="DAVIS",
        rules={"ground_truth_public": True, "opens_at": timezone.now()},
    ).split


def write_davis_results(folder: Path) -> Path:
    """Write the predictions as a results.json."""
    path = folder / "results.json"
    path.write_bytes(gzip.decompress((FOLDER / "results.json.gz").read_bytes()))
    return path


def write_davis_ground_truth(folder: Path) -> Path:
    """Write the ground truth as an annotations.json."""
    path = folder / "annotations.json"
    path.write_bytes(gzip.decompress((FOLDER / "gt.json.gz").read_bytes()))
    return path


def davis_official() -> dict[str, float]:
    """What the official code gives for these two files."""
    summary: dict[str, float] = json.loads((FOLDER / "expected_ytvis.json").read_text())["summary"]
    return summary
