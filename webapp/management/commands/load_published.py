"""`manage.py load_published`: make the known benchmarks and their published results."""

from typing import Any

from django.core.management.base import BaseCommand

from webapp.published.load import load_published_results


class Command(BaseCommand):
    help = "Load the known benchmarks and their published results. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        summary = load_published_results()
        if not summary.changed:
            self.stdout.write("Nothing to do: all published results are there.")
            return
        self.stdout.write(
            f"Loaded {summary.submissions} published results with {summary.scores} numbers: "
            f"{summary.benchmarks} benchmarks, {summary.methods} methods, {summary.variants} variants "
            "made or changed."
        )
