"""`manage.py restore DIR`: a site made of a backup."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.backup.manifest import BackupError
from webapp.backup.restore import go_live, restore


class Command(BaseCommand):
    help = "Restore a backup into an empty VAR or own servers. The site sends no mail until --live."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", type=Path, nargs="?", metavar="DIR", help="what `manage.py backup` made"
        )
        parser.add_argument(
            "--live",
            action="store_true",
            help="this site takes the place of the former one and sends mails; also later, without DIR",
        )

    def handle(self, *, folder: Path | None, live: bool, **options: Any) -> None:
        if folder is None:
            if not live:
                raise CommandError("Name the folder of a backup.")
            if not go_live():
                raise CommandError("This site is not a restored copy, or sends mails already.")
            self.stdout.write("Mails are sent from the next start on: start the site again.")
            return
        try:
            lacking = restore(folder, self.stdout.write, is_live=live)
        except (BackupError, OSError) as problem:
            raise CommandError(f"Not restored. {problem}") from problem
        for frames in lacking:
            self.stdout.write(f"Frames for reference runs are missing: put them into {frames}")
        self.stdout.write(
            "Restored. `make up` starts it"
            + (
                "."
                if live
                else "; it sends no mail until `manage.py restore --live` says that it is the site now."
            )
        )
