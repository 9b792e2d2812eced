"""Making a backup while the site runs.

The list of blobs and the dump come from the same snapshot of the database, and no blob is deleted until its
copy is made: every file that a row of the dump needs is in the backup.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from webapp.backup import database
from webapp.backup.manifest import (
    BLOBS,
    DATABASE,
    VAR,
    BackupError,
    Entry,
    Manifest,
    Progress,
    Say,
    copy_hashed,
    sha256_on_disk,
)
from webapp.blobs.models import Blob
from webapp.blobs.storage import KEEPING, BlobLost, blob_open

KEYS = ("secret_key", "signing_keys.json", "admin_password")


def backup(folder: Path, say: Say) -> Manifest:
    """Make a backup in a folder that is empty or does not exist. Raises BackupError."""
    folder = folder.resolve()
    _check_place(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    with database.running(say), _blobs_kept():
        blobs, tool = _dump(folder / DATABASE)
        say(f"The database is written: {(folder / DATABASE).stat().st_size / 1024**2:,.1f} MiB")
        _check_room(folder, blobs)
        copied, missing = _copy_blobs(folder, blobs, say)
        others = [*_copy_var(folder), _entry(folder, folder / DATABASE)]
    manifest = Manifest(
        made_at=timezone.now().isoformat(timespec="seconds"),
        version=version("dvis-bench"),
        postgres=tool,
        var=str(settings.VAR),
        files=(*others, *copied),
        missing=tuple(missing),
    )
    database.check(folder / DATABASE, tool)
    manifest.check(folder, say)
    manifest.write(folder)
    return manifest


def _check_place(folder: Path) -> None:
    if folder.is_relative_to(settings.VAR):
        raise BackupError(
            f"{folder} lies in {settings.VAR}, which a backup is to outlive: choose another folder."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is not an empty folder: each backup gets a folder of its own.")


@contextmanager
def _blobs_kept() -> Iterator[None]:
    """Keep all processes from deleting blobs: `blob_delete` asks for this lock, and does not wait for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [KEEPING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [KEEPING])


@transaction.atomic
def _dump(target: Path) -> tuple[list[Blob], int]:
    """Dump the database; its blobs, as the dump has them, and the version of the tool."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    blobs = list(Blob.objects.order_by("pk"))
    return blobs, database.dump(target, snapshot)


def _check_room(folder: Path, blobs: list[Blob]) -> None:
    needed, free = sum(blob.size for blob in blobs), shutil.disk_usage(folder).free
    if needed > free:
        raise BackupError(
            f"{folder} has room for {free / 1024**2:,.1f} MiB, but the files have {needed / 1024**2:,.1f}: "
            "choose another disk."
        )


def _copy_blobs(folder: Path, blobs: list[Blob], say: Say) -> tuple[list[Entry], list[str]]:
    """The copies, and the keys of those that the site has lost or that are damaged."""
    copied, missing = [], []
    progress = Progress("Copied", [_of_blob(blob) for blob in blobs], say)
    for blob in blobs:
        entry = _of_blob(blob)
        target = folder / entry.path
        try:
            with blob_open(blob) as source:
                found = copy_hashed(source, target)
        except BlobLost:
            found = (0, "")
        if found == (entry.size, entry.sha256):
            copied.append(entry)
        else:
            target.unlink(missing_ok=True)
            missing.append(blob.key)
        progress.step(entry.size)
    return copied, missing


def _of_blob(blob: Blob) -> Entry:
    return Entry(f"{BLOBS}/{blob.key}", blob.size, blob.sha256)


def _copy_var(folder: Path) -> list[Entry]:
    """The keys, and the folders of VAR in which frames lie: the demo's."""
    var: Path = settings.VAR
    paths = [var / name for name in KEYS if (var / name).is_file()]
    inside = [frames.relative_to(var).parts for frames in frames_folders() if frames.is_relative_to(var)]
    for name in sorted({parts[0] for parts in inside if parts}):
        paths += [path for path in (var / name).rglob("*") if path.is_file()]
    entries = []
    for path in paths:
        target = folder / VAR / path.relative_to(var)
        with path.open("rb") as source:
            size, sha256 = copy_hashed(source, target)
        entries.append(Entry(target.relative_to(folder).as_posix(), size, sha256))
    return entries


def frames_folders() -> list[Path]:
    """The folders that splits take their frames from, in SQL: a restored database may be older."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT frames_dir FROM benchmarks_split WHERE frames_dir <> '' ORDER BY 1")
        return [Path(folder) for (folder,) in cursor.fetchall()]


def _entry(folder: Path, path: Path) -> Entry:
    return Entry(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_on_disk(path))
