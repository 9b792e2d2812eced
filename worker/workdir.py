"""The files of one job under the names that people gave them, in a temporary folder, always cleaned up."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluator.catalog import BENCHMARKS
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_path
from webapp.submissions.attempts import Evaluation
from worker.ground_truth import fetched, unpacked


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Local paths; problems name the predictions as their author did."""

    predictions: Path
    ground_truth: Path


@contextmanager
def workdir(claim: Evaluation) -> Iterator[JobFiles]:
    """Bring the blobs of a job to this machine."""
    with predictions_here(claim.predictions, claim.filename) as predictions:
        yield JobFiles(predictions, ground_truth_here(claim.evaluator, claim.ground_truth))


@contextmanager
def predictions_here(blob: Blob, filename: str) -> Iterator[Path]:
    """Predictions by a link that carries their name."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dvis-bench-job-")))
        link = folder / plain_name(filename)
        link.symlink_to(stack.enter_context(blob_path(blob)).resolve())
        yield link


def ground_truth_here(evaluator: str, blob: Blob) -> Path:
    """Ground truth by its own lasting path, by which the evaluator knows what it has prepared before."""
    return fetched(blob) if BENCHMARKS[evaluator].task == "vis" else unpacked(blob)


def plain_name(filename: str) -> str:
    """A file name without folders and odd characters, of fewer bytes than file systems take (255)."""
    name = re.sub(r"[^\w.-]+", "_", filename.replace("\\", "/").rsplit("/", 1)[-1])
    short = name.encode()[-100:].decode(errors="ignore")
    return short.lstrip(".") or "results.json"
