"""A ground truth becomes one blob: the annotation file, or an archive of exactly the files that are read.

The same folder gives the same archive, so that importing it twice stores it once.
"""

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from evaluator.catalog import BENCHMARKS
from evaluator.types import GroundTruthSummary
from webapp.benchmarks.archive import write_archive
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_save_copy, blob_save_written
from webapp.refusal import Refused

GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def readable(evaluator: str, path: Path) -> Iterator[Path]:
    """A path that the evaluator can read: the file or folder itself, or what is in a gzipped file.

    Raises Refused where there is nothing of the kind.
    """
    if BENCHMARKS[evaluator].task == "vis":
        _check(path.is_file(), path, "file", "Give the path of the annotation file (.json or .json.gz)")
        with _plain_json(path) as plain:
            yield plain
    else:
        _check(path.exists(), path, "folder", "Give the folder with the annotations and maps, unpacked,")
        yield path


def ground_truth_blob(path: Path, summary: GroundTruthSummary) -> Blob:
    """Store a ground truth that was found to be good."""
    if not summary.files:
        return blob_save_copy(path)
    return blob_save_written(partial(write_archive, summary.files))


def _check(is_there: bool, path: Path, kind: str, hint: str) -> None:
    if not is_there:
        raise Refused("ground-truth-missing", f"There is no {kind} {path}.", f"{hint} with --gt.")


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
