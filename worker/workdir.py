"""The files of one job under the names that people gave them, in a temporary folder, always cleaned up."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from webapp.jobs.services import Claim
from webapp.storage import blob_path


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Local paths; problems name the predictions as their author did."""

    predictions: Path
    ground_truth: Path


@contextmanager
def workdir(claim: Claim) -> Iterator[JobFiles]:
    """Bring the blobs of a job to this machine. Links suffice for those that are here already."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dvis-bench-job-")))
        predictions = folder / "predictions" / _plain_name(claim.filename)
        ground_truth = folder / "ground_truth" / "annotations.json"
        for path, blob in ((predictions, claim.predictions), (ground_truth, claim.ground_truth)):
            path.parent.mkdir()
            path.symlink_to(stack.enter_context(blob_path(blob)).resolve())
        yield JobFiles(predictions=predictions, ground_truth=ground_truth)


def _plain_name(filename: str) -> str:
    """A file name without folders and odd characters."""
    name = re.sub(r"[^\w.-]+", "_", filename.replace("\\", "/").rsplit("/", 1)[-1])[-100:]
    return name.lstrip(".") or "results.json"
