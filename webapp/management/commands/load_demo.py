"""`manage.py load_demo`: the demo benchmark, its accounts, and the published results. Safe to repeat."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from evaluator.problems import GroundTruthError
from webapp.demo.load import demo_load
from webapp.refusal import Refused


class Command(BaseCommand):
    help = "Load the synthetic demo and the published results; print the log-ins. Safe to repeat."
    requires_system_checks = ()  # `migrate` makes them: they load all pages

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = demo_load()
        except (Refused, GroundTruthError) as error:
            raise CommandError(str(error)) from error
        call_command("load_published", stdout=self.stderr)
        self.stdout.write("\n".join(lines))
