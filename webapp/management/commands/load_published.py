"""`manage.py load_published`: make the known benchmarks and their published results."""

from typing import Any

from django.core.management.base import BaseCommand

from evaluator.files.words import counted
from webapp.published.load import load_published_results


class Command(BaseCommand):
    help = "Load the known benchmarks and their published results. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        summary = load_published_results()
        if not summary.changed:
            self.stdout.write("Nothing to do: all published results are there.")
            return
        self.stdout.write(
            f"Loaded {counted(summary.submissions, 'published result')} with "
            f"{counted(summary.scores, 'number')}: {counted(summary.benchmarks, 'benchmark')}, "
            f"{counted(summary.methods, 'method')}, {counted(summary.variants, 'variant')} made or changed."
        )
        if summary.retired:
            retired = counted(summary.retired, "row")
            self.stdout.write(f"{retired} of ablation tables left the boards: pages of ablations show them.")
