"""manage.py rotate_signing_key: sign receipts with a new key from now on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluator.receipts import KEY_ADDRESS
from webapp.accounts.audit import audit
from webapp.receipts.keys import KeyIsConfigured, KeysUnreadable, key_rotate


class Command(BaseCommand):
    help = "Sign receipts with a new key from now on. Receipts signed before can still be checked."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = key_rotate()
        except KeyIsConfigured:
            raise CommandError(
                "The key comes from the environment. Set SIGNING_KEY to another one there (openssl rand "
                "-hex 32) and start the site again; the former public key stays in the list."
            ) from None
        except KeysUnreadable as refused:
            raise CommandError(f"{refused.message} {refused.hint}") from None
        audit("signing_key.rotated", f"signing_key:{key.key_id}", actor=None)
        self.stdout.write(f"Receipts are signed with {key.key_id} now; all public keys are at {KEY_ADDRESS}")
