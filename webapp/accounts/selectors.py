"""Reads of accounts."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.addresses import block_digest
from webapp.accounts.models import ApiToken, KnownBlock, User

# Backends that write mails somewhere on this machine; every other one sends them.
SILENT_BACKENDS = ("console", "dummy", "filebased", "locmem")


def mail_works() -> bool:
    """Return whether mails leave this machine, so that people can follow the link in one."""
    return str(settings.EMAIL_BACKEND).split(".")[-2] not in SILENT_BACKENDS


def is_verified(user: User) -> bool:
    """Return whether a person may submit: the address is verified, or somebody vouches for the person.

    Staff, accounts that organisers made and people who have submitted before need no verified address;
    where no mails are sent, nobody does.
    """
    if user.is_staff or user.is_vouched_for or not mail_works():
        return True
    return EmailAddress.objects.filter(user=user, verified=True).exists() or user.submissions.exists()


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """All tokens of a person, newest first, with the revoked and expired ones."""
    return ApiToken.objects.filter(user=user).order_by("-created_at")


def block_is_known(*, user: User, address: str) -> bool:
    """Return whether the person has logged in from this network lately."""
    rows = KnownBlock.objects.filter(user=user, digest=block_digest(user, address))
    return rows.filter(expires_at__gt=timezone.now()).exists()
