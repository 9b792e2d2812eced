"""`manage.py migrate` that can be killed at any moment: a migration and its record are one transaction.

Django writes the record after the transaction of a migration with foreign keys. A process killed in between
leaves tables that the next start makes again: "relation ... already exists", for ever.
"""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from webapp.demo.accounts import demo_accounts_close
from webapp.methods.services import methods_complete


class WholeMigrationExecutor(MigrationExecutor):
    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        if not migration.atomic:
            return super().apply_migration(state, migration, fake, fake_initial)
        with transaction.atomic(using=self.connection.alias):
            return super().apply_migration(state, migration, fake, fake_initial)


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--close-demo",
            action="store_true",
            help="on a host, close the accounts that an earlier demo left",
        )

    def handle(self, *args: Any, close_demo: bool = False, **options: Any) -> None:
        # The command has no other way to be given an executor.
        migrate.MigrationExecutor = WholeMigrationExecutor  # type: ignore[attr-defined]  # an imported name
        super().handle(*args, **options)
        if options["app_label"] is None and not options["plan"] and not options["check_unapplied"]:
            for said in methods_complete():
                self.stdout.write(said)
        if close_demo and (said := demo_accounts_close()):
            self.stdout.write(said)
