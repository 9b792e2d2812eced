"""`manage.py create_token USER`: print a fresh API token, alone, so that a script can keep it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from webapp.accounts.models import Scope
from webapp.accounts.services import DEFAULT_DAYS, token_create, user_get_or_create
from webapp.refusal import Refused


class Command(BaseCommand):
    help = "Print a new API token of a user, who is made where missing. The text is shown this once only."
    requires_system_checks = ()  # `migrate` makes them: they load all pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="username")
        parser.add_argument(
            "--scopes",
            default=",".join(Scope.values),
            help=f"comma-separated, of {', '.join(Scope.values)} (default: all)",
        )
        parser.add_argument(
            "--days", type=int, default=DEFAULT_DAYS, help="how long it lives (default: %(default)s)"
        )
        parser.add_argument("--name", default="create_token", help="what the list of tokens calls it")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            with transaction.atomic():  # a wrong wish makes no user either
                user = user_get_or_create(username=options["user"])
                _, secret = token_create(user=user, name=options["name"], scopes=scopes, days=options["days"])
        except Refused as refused:
            raise CommandError(f"{refused.message} {refused.hint}") from refused
        except ValidationError as error:
            raise CommandError(f"{options['user']!r} cannot be a username: {error.messages[0]}") from error
        self.stdout.write(secret)
