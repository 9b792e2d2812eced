"""API tokens: made, used, ended."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.support.factories import make_user
from webapp.accounts.audit import AuditEvent
from webapp.accounts.models import ApiToken, User
from webapp.accounts.services import token_authenticate, token_create, token_revoke
from webapp.refusal import Refused

pytestmark = pytest.mark.django_db


def create_token(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def test_the_text_of_a_token_is_stored_nowhere() -> None:
    token, secret = token_create(user=make_user(), name="laptop", scopes=["submit", "read"])
    stored = ApiToken.objects.values().get(pk=token.pk)
    assert not any(secret in str(value) for value in stored.values())
    assert secret.startswith(token.hint)
    assert token.scopes == ["read", "submit"]


def test_it_opens_until_it_expires_or_is_revoked() -> None:
    token, secret = token_create(user=make_user())
    assert token_authenticate(secret=secret) == token
    assert token_authenticate(secret=secret + "x") is None
    ApiToken.objects.update(expires_at=timezone.now())
    assert token_authenticate(secret=secret) is None
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    token_revoke(token=token)
    assert token_authenticate(secret=secret) is None


def test_revoking_again_keeps_the_first_time() -> None:
    token, _ = token_create(user=make_user())
    token_revoke(token=token)
    first = token.revoked_at
    token_revoke(token=token)
    assert token.revoked_at == first is not None
    actions = AuditEvent.objects.filter(subject=f"token:{token.pk}").values_list("action", flat=True)
    assert sorted(actions) == ["token.created", "token.revoked"]


def test_its_last_use_is_noted_at_most_once_a_minute() -> None:
    token, secret = token_create(user=make_user())
    token_authenticate(secret=secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    token_authenticate(secret=secret)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    token_authenticate(secret=secret)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"scopes": ["read", "fly"]}, "Unknown scope 'fly'"),
        ({"scopes": []}, "needs a scope"),
        ({"days": 0}, "0 days"),
        ({"days": 4000}, "4,000 days"),
    ],
)
def test_wrong_wishes_are_refused_with_what_can_be_had(wish: dict[str, object], message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        token_create(user=make_user(), **wish)  # type: ignore[arg-type]  # one wish at a time, of any type
    assert refused.value.hint.startswith("Choose from")


def test_the_command_prints_the_token_alone_and_makes_the_user() -> None:
    printed = create_token("alice", "--scopes", "read, submit", "--days", "2")
    token = token_authenticate(secret=printed.strip())
    assert printed == f"{printed.strip()}\n"
    assert token is not None
    assert (token.user.username, token.scopes) == ("alice", ["read", "submit"])
    assert token.expires_at - timezone.now() < timedelta(days=2)
    assert not token.user.has_usable_password()
    assert token_authenticate(secret=create_token("alice").strip()) is not None
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "arguments", [["bob", "--scopes", "fly"], ["no spaces please"], ["bob", "--days", "0"]]
)
def test_a_command_that_asks_for_what_cannot_be_makes_nobody(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        create_token(*arguments)
    assert not User.objects.exists()
