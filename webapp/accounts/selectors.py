"""Reads of accounts."""

from django.db.models import QuerySet

from webapp.accounts.models import ApiToken, User


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """All tokens of a person, newest first, with the revoked and expired ones."""
    return ApiToken.objects.filter(user=user).order_by("-created_at")
