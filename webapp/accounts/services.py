"""Writes of accounts: API tokens, and people whom an operator makes."""

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evaluator.files.words import counted
from webapp.accounts.addresses import block_digest
from webapp.accounts.audit import audit
from webapp.accounts.models import LOOKS_ALIKE, ApiToken, KnownBlock, Scope, User
from webapp.refusal import Refused

DEFAULT_DAYS = 365
LONGEST_DAYS = 3650
# `last_used_at` is for people: a write a minute is precise enough.
LAST_USED_STEP = timedelta(minutes=1)
BLOCK_KEPT = timedelta(days=90)


@transaction.atomic
def token_create(
    *, user: User, name: str = "token", scopes: Iterable[str] = Scope.values, days: int = DEFAULT_DAYS
) -> tuple[ApiToken, str]:
    """Make a token; return it with its text, which is stored nowhere. Raises Refused for a wrong wish."""
    wanted = sorted(set(scopes), key=lambda scope: (scope not in Scope.values, scope))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown or not wanted:
        found = f"Unknown scope {', '.join(map(repr, unknown))}." if unknown else "A token needs a scope."
        raise Refused("token-scope", found, f"Choose from {', '.join(Scope.values)}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(
            "token-lifetime",
            f"A token cannot live for {counted(days, 'day')}.",
            f"Choose from 1 to {LONGEST_DAYS} days.",
        )
    secret = ApiToken.new_secret()
    token = ApiToken.objects.create(
        user=user,
        name=name.strip()[:100] or "token",
        digest=ApiToken.digest_of(secret),
        hint=secret[:8],
        scopes=wanted,
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit("token.created", f"token:{token.pk}", actor=user, scopes=wanted)
    return token, secret


@transaction.atomic
def token_revoke(*, token: ApiToken) -> None:
    """End a token at once. One that is revoked already keeps its time."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        audit("token.revoked", f"token:{token.pk}", actor=token.user)
    token.refresh_from_db()


def token_authenticate(*, secret: str) -> ApiToken | None:
    """Return the usable token with this text, noting its use, or None."""
    digest = ApiToken.digest_of(secret)
    token = ApiToken.objects.select_related("user").filter(digest=digest).first()
    now = timezone.now()
    if token is None or not token.is_usable(now):
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token


def user_get_or_create(*, username: str) -> User:
    """Return a person by name, made without a password (log-in by token, or after a reset) where missing.

    Raises ValidationError where the name cannot be one, or looks like that of somebody else.
    """
    user = User.objects.filter(username=username).first()
    if user is None:
        User.username_validator(username)
        if User.objects.looking_like(username).exists():
            raise ValidationError(LOOKS_ALIKE)
        user = User.objects.create_user(username, is_vouched_for=True)
    return user


def block_remember(*, user: User, address: str) -> None:
    """Note the network of a log-in for BLOCK_KEPT, and forget what is older, of everybody."""
    now = timezone.now()
    KnownBlock.objects.filter(expires_at__lte=now).delete()
    KnownBlock.objects.update_or_create(
        user=user, digest=block_digest(user, address), defaults={"expires_at": now + BLOCK_KEPT}
    )
