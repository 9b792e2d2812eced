"""Reads of accounts."""

from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.addresses import block_digest
from webapp.accounts.models import ApiToken, KnownBlock, User
from webapp.accounts.names import lookalike_key


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """All tokens of a person, newest first, with the revoked and expired ones."""
    return ApiToken.objects.filter(user=user).order_by("-created_at")


def block_is_known(*, user: User, address: str) -> bool:
    """Whether the person has logged in from this network lately."""
    rows = KnownBlock.objects.filter(user=user, digest=block_digest(user, address))
    return rows.filter(expires_at__gt=timezone.now()).exists()


def name_is_lookalike(name: str) -> bool:
    """Whether somebody has a name that a reader could take this one for."""
    return User.objects.filter(lookalike_key=lookalike_key(name)).exists()
