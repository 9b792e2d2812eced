"""`manage.py list_misordered_runs`: runs that were scored on frames in the wrong order."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from webapp.runs.misordered import Order, runs_ordered_as_text


class Command(BaseCommand):
    help = (
        "List the runs that took their frames sorted as text (0, 1, 10, 2) although the ground truth lists "
        "them in another order, and those for which it cannot be known. Nothing is changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="list those in the right order, too")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = runs_ordered_as_text()
        for found in findings:
            if found.order == Order.RIGHT and not options["all"]:
                continue
            run = found.run
            self.stdout.write(
                f"{run.id}  {found.order}  {run.split}, {run.variant}, submission {run.submission_id}: "
                f"{found.why}."
            )
        counts = Counter(found.order for found in findings)
        self.stdout.write(", ".join(f"{order}: {counts[order]}" for order in Order) + ".")
        if counts[Order.WRONG]:
            self.stdout.write(
                "Start the runs in the wrong order again, under the same variant; then hide or delete their "
                "submissions in the administration."
            )
