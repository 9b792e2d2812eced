"""The files of one job under the names that people gave them, in a temporary folder, always cleaned up."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluator.catalog import BENCHMARKS
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
    """Bring the blobs of a job to this machine.

    Predictions are reached by a link that carries their name; the ground truth by its own lasting path,
    by which the evaluator knows what it has prepared before.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dvis-bench-job-")))
        predictions = folder / plain_name(claim.filename)
        predictions.symlink_to(stack.enter_context(blob_path(claim.predictions)).resolve())
        if BENCHMARKS[claim.evaluator].task == "vis":
            ground_truth = fetched(claim.ground_truth)
        else:
            ground_truth = unpacked(claim.ground_truth)
        yield JobFiles(predictions=predictions, ground_truth=ground_truth)


def plain_name(filename: str) -> str:
    """A file name without folders and odd characters, of fewer bytes than file systems take (255)."""
    name = re.sub(r"[^\w.-]+", "_", filename.replace("\\", "/").rsplit("/", 1)[-1])
    short = name.encode()[-100:].decode(errors="ignore")
    return short.lstrip(".") or "results.json"
