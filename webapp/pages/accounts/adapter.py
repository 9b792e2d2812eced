"""allauth's questions about the site, answered."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_username
from allauth.account.stages import EmailVerificationStage
from allauth.account.utils import filter_users_by_email
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib.sites.requests import RequestSite
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from webapp.accounts.addresses import block_digest, client_address
from webapp.accounts.models import LOOKS_ALIKE, User
from webapp.accounts.names import is_reserved
from webapp.accounts.selectors import block_is_known
from webapp.accounts.services import block_remember


class AddressStage(EmailVerificationStage):  # type: ignore[misc]  # allauth has no types
    """Asks for a verified address at log-in, where that is set; not those whom the organisers made."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if self.login.user and self.login.user.is_vouched_for:
            return None, True
        answer: tuple[HttpResponse | None, bool] = super().handle()
        return answer


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Mails speak in the name of the site, limits know whom our proxies have met, names differ visibly."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = RequestSite(allauth_context.request)
        site.name = settings.SITE_NAME
        super().send_mail(template_prefix, email, {"current_site": site, **context})

    def get_login_stages(self) -> list[str]:
        ours = f"{AddressStage.__module__}.{AddressStage.__name__}"
        return [ours if "EmailVerificationStage" in stage else stage for stage in super().get_login_stages()]

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def clean_username(self, username: str, shallow: bool = False) -> str:
        name: str = super().clean_username(username, shallow=shallow)
        if is_reserved(name):
            raise ValidationError("This name speaks for the site. Choose another one.")
        if not shallow and User.objects.looking_like(name).exists():
            raise ValidationError(LOOKS_ALIKE)
        return name

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Return what wrong passwords are counted under: the account, or one of its known networks.

        So nobody elsewhere can shut people out of their accounts, and a known network has no more tries.
        """
        user = _account(credentials)
        if user is None:
            return f"nobody {credentials.get('email') or credentials.get('username') or ''}".lower()
        address = client_address(request)
        known = block_is_known(user=user, address=address)
        return f"user {user.pk} {block_digest(user, address)}" if known else f"user {user.pk}"

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        block_remember(user=user, address=client_address(request))
        response: HttpResponse = super().post_login(request, user, **options)
        return response


def _account(credentials: dict[str, Any]) -> User | None:
    """Return the account whose password is tried; None where there is none."""
    if email := credentials.get("email"):
        found = filter_users_by_email(email, prefer_verified=True)
        return found[0] if found else None
    user: User | None = filter_users_by_username(credentials.get("username") or "").first()
    return user
