"""`manage.py backup DIR`: the whole site in one folder, while it runs."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluator.files.words import counted
from webapp.backup.make import backup
from webapp.backup.manifest import BackupError


class Command(BaseCommand):
    help = "Write the whole site (database, files, keys) into an empty folder, while it runs, and check it."
    requires_system_checks = ()  # `migrate` makes them: they load all pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="outside of VAR; made where missing")

    def handle(self, *, folder: Path, **options: Any) -> None:
        os.umask(0o077)
        try:
            made = backup(folder, self.stdout.write)
        except (BackupError, OSError) as problem:
            raise CommandError(f"No backup was made. {problem}") from problem
        size = sum(entry.size for entry in made.files) / 1024**2
        self.stdout.write(
            f"Backup of {counted(len(made.files), 'file')}, {size:,.1f} MiB, is complete in {folder}"
        )
        if made.missing:
            lost = counted(len(made.missing), "file was lost or damaged", "files were lost or damaged")
            raise CommandError(
                f"But {lost} on this site before, so that it lacks: {', '.join(made.missing[:5])}. An older "
                "backup may have more (blobs/)."
            )
