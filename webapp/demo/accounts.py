"""The demo's two accounts, whose passwords others may know: open on a demo site, closed on a host."""

import os
import secrets
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from webapp.accounts.audit import audit
from webapp.accounts.models import User
from webapp.submissions.models import Submission

ORGANISER, RESEARCHER = "admin", "demo"
NOTE = "Loaded with the demo."


def demo_log_ins() -> list[str]:
    """Make the accounts where missing, and open them; return their log-ins as lines to print.

    On a host the researcher alone is made, who owns the demo's submissions, and nobody can log in as them.
    """
    if not settings.DEMO_SITE:
        if not User.objects.filter(username=RESEARCHER).exists():
            User.objects.create_user(RESEARCHER, email=_address(RESEARCHER), is_active=False)
        return [
            "The demo's accounts are closed: this is a host. `manage.py createsuperuser` makes an organiser."
        ]
    demo_accounts_set(is_open=True)
    if not User.objects.filter(username=RESEARCHER).exists():
        user = User.objects.create_user(RESEARCHER, email=_address(RESEARCHER), password="demo")
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return [_organiser_line(), f"Researcher: {RESEARCHER}, password demo"]


def _organiser_line() -> str:
    """Make the organiser where missing. A password that we chose is kept where only its owner reads it."""
    kept = Path(settings.VAR) / "admin_password"
    if not User.objects.filter(username=ORGANISER).exists():
        password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
        User.objects.create_superuser(ORGANISER, _address(ORGANISER), password)
        if not settings.ADMIN_PASSWORD:
            descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"{password}\n")
    # Never printed: what is printed often ends in a file that others can read.
    return f"Organiser: {ORGANISER}, password {f'in {kept}' if kept.exists() else 'as you set it'}"


@transaction.atomic
def demo_accounts_set(*, is_open: bool) -> list[str]:
    """Let people into the demo's accounts, or into none of them; return the names of those that changed.

    An organiser with another address is somebody's own and left alone. The researcher's address proves
    nothing, since everybody knew the password: whoever owns the demo's submissions is it.
    """
    names = [ORGANISER] if _is_here(ORGANISER) else []
    if _is_here(RESEARCHER) or Submission.objects.filter(author__username=RESEARCHER, note=NOTE).exists():
        names.append(RESEARCHER)
    changed = list(User.objects.filter(username__in=names, is_active=not is_open).order_by("username"))
    for user in changed:
        user.is_active = is_open
        user.save(update_fields=["is_active"])
        audit("account.opened" if is_open else "account.closed", f"user:{user.pk}")
    return [user.username for user in changed]


def demo_accounts_close() -> str:
    """On a host, let nobody into what an earlier demo left; a sentence for its operator where it did."""
    closed = [] if settings.DEMO_SITE else demo_accounts_set(is_open=False)
    if not closed:
        return ""
    names = ", ".join(closed)
    return (
        f"This is a host, no demo site: the demo's accounts ({names}) are closed now, and what they "
        "submitted stays."
    )


def _is_here(username: str) -> bool:
    return User.objects.filter(username=username, email=_address(username)).exists()


def _address(username: str) -> str:
    """An address that no mail reaches (RFC 2606)."""
    return f"{username}@users.invalid"
