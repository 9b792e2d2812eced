"""Ground truth on this machine: brought here and unpacked once, and read by every job from then on.

It lies below VAR/ground_truth, named after the SHA-256 of its blob. Nothing in it ever changes. Who needs
the room may delete it while no job runs, and the next job fetches it again.
"""

import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path

from django.conf import settings

from evaluator.problems import GroundTruthError, Where, problem
from webapp.benchmarks.archive import UnsafeMember, unpack_archive
from webapp.blobs.models import Blob
from webapp.blobs.storage import BlobLost, blob_local_path, blob_path

DRAFT = "draft-"
ABANDONED_AFTER_S = 24 * 3600


def fetched(blob: Blob) -> Path:
    """The file of a ground truth that is one file: the blob itself, or a lasting copy of what S3 keeps."""
    own = blob_local_path(blob)
    if own is not None:
        if not own.is_file():
            raise BlobLost(blob)
        return own
    path = Path(settings.VAR, "ground_truth", f"{blob.sha256}.json")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path.parent)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=DRAFT) as draft, blob_path(blob) as source:
            shutil.copyfile(source, Path(draft, path.name)).replace(path)
    return path


def unpacked(blob: Blob) -> Path:
    """The folder with the files of an archived ground truth.

    It appears complete or not at all; of several workers that unpack at once, the first one's folder stays.
    Raises GroundTruthError where the blob is not an archive of plain files.
    """
    folder = Path(settings.VAR, "ground_truth", blob.sha256)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    # Made so that no other user of the machine may read it.
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=DRAFT))
    try:
        with blob_path(blob) as archive:
            unpack_archive(archive, draft)
        os.sync()  # once for thousands of files: a name that survives a power cut must have its contents
        _place(draft, folder)
    except (zipfile.BadZipFile, UnsafeMember) as error:
        message = f"The stored archive cannot be unpacked: {error}."
        raise GroundTruthError([problem("gt-files", Where(file=blob.sha256), message)]) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _place(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another worker was faster, with the same files
            raise


def _remove_abandoned(parent: Path) -> None:
    """Clear away what a killed worker left half unpacked."""
    for draft in parent.glob(f"{DRAFT}*"):
        try:
            is_old = time.time() - draft.stat().st_mtime > ABANDONED_AFTER_S
        except FileNotFoundError:
            continue  # its worker has just finished
        if is_old:
            shutil.rmtree(draft, ignore_errors=True)
