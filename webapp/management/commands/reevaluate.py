"""`manage.py reevaluate`: measure scored submissions again after a change of evaluator or ground truth."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.submissions.errata.selectors import submissions_stale
from webapp.submissions.errata.services import reevaluations_request
from webapp.submissions.models import Submission


class Command(BaseCommand):
    help = (
        "Queue scored submissions to be measured again. Without --all only those whose score is stale: by "
        "another version of the evaluator, or against another ground truth. Earlier numbers stay on the "
        "errata page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", metavar="SLUG", help="of one benchmark (default: all)")
        parser.add_argument("--split", help="of one split, such as val")
        parser.add_argument("--submission", type=UUID, action="append", help="only this one; may be repeated")
        parser.add_argument("--all", action="store_true", help="those that are not stale, too")
        parser.add_argument("--reason", default="", help="shown beside numbers that change; needed")
        parser.add_argument("--dry-run", action="store_true", help="count, and queue nothing")

    def handle(self, *, reason: str, dry_run: bool, **options: Any) -> None:
        rows = submissions_stale()
        if options["all"] or options["submission"]:
            rows = Submission.objects.filter(status=Submission.Status.SCORED, blob__isnull=False)
        if options["slug"]:
            rows = rows.filter(split__benchmark__slug=options["slug"])
        if options["split"]:
            rows = rows.filter(split__name=options["split"])
        if options["submission"]:
            rows = rows.filter(pk__in=options["submission"])
        if dry_run:
            self.stdout.write(f"{rows.count()} would be measured again.")
            return
        try:
            queued = reevaluations_request(submissions=rows, reason=reason, actor=None)
        except ValueError as error:
            raise CommandError(f"--reason: {error}") from error
        self.stdout.write(
            f"{queued} queued to be measured again; numbers that change are listed at /errata/."
        )
