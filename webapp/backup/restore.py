"""Making a site of a backup, where there is none yet."""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection

from webapp.backup import database
from webapp.backup.make import frames_folders
from webapp.backup.manifest import BLOBS, DATABASE, VAR, BackupError, Manifest, Progress, Say, copy_hashed
from webapp.blobs.storage import bytes_store
from webapp.embedded import copy_mark, postgres


def restore(folder: Path, say: Say, *, is_live: bool) -> list[Path]:
    """Fill an empty VAR (or own servers) from a backup; the folders of frames that are not on this machine.

    Raises BackupError before anything is written, where the backup is damaged or something is there already.
    """
    folder = folder.resolve()
    manifest = Manifest.read(folder)
    _check_var()
    manifest.check(folder, say)
    with database.running(say):
        if not database.is_empty():
            raise BackupError("The database has tables already: a backup is restored into an empty one.")
        if not is_live:
            copy_mark(settings.VAR).touch()  # before there is anybody to send a mail to
        _copy_blobs(folder, manifest, say)
        _copy_var(folder, manifest)
        database.load(folder / DATABASE, manifest.postgres)
        say("The database is restored")
        _move_frames(manifest)
        return [frames for frames in frames_folders() if not frames.is_dir()]


def go_live() -> bool:
    """Let a restored copy send mails from its next start on; False where it could already."""
    mark = copy_mark(settings.VAR)
    was_copy = mark.exists()
    mark.unlink(missing_ok=True)
    return was_copy


def _check_var() -> None:
    """Refuse a `var/` with more in it than what every command makes: a secret key and empty folders."""
    var: Path = settings.VAR
    found = [var / "signing_keys.json"]
    if not settings.DATABASE_URL:
        found.append(postgres.data_folder(var))
    there = [path for path in found if path.exists()]
    with suppress(FileNotFoundError):
        if any(any(names) for names in default_storage.listdir("")):
            is_folder = isinstance(default_storage, FileSystemStorage)
            there.append(Path(settings.MEDIA_ROOT) if is_folder else Path("the bucket", settings.S3_BUCKET))
    if there:
        raise BackupError(
            f"There is a site already, or a part of one: {', '.join(map(str, there))}. A backup is restored "
            "into an empty folder: name another by DVIS_BENCH_VAR, or move what is there away."
        )


def _copy_blobs(folder: Path, manifest: Manifest, say: Say) -> None:
    files = manifest.below(BLOBS)
    progress = Progress("Restored", [entry for _, entry in files], say)
    for key, entry in files:
        bytes_store(folder / entry.path, key, is_kept=True)
        progress.step(entry.size)


def _copy_var(folder: Path, manifest: Manifest) -> None:
    for name, entry in manifest.below(VAR):
        target = Path(settings.VAR, name)
        draft = target.with_name(f"{target.name}.restored")
        draft.unlink(missing_ok=True)
        with Path(folder, entry.path).open("rb") as source:
            copy_hashed(source, draft)
        draft.replace(target)
    os.sync()


def _move_frames(manifest: Manifest) -> None:
    """Frames that lay below the former VAR lie below this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE benchmarks_split SET frames_dir = %s || substr(frames_dir, %s) "
            "WHERE starts_with(frames_dir, %s)",
            [str(settings.VAR), len(manifest.var) + 1, f"{manifest.var}/"],
        )
