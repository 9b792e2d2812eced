"""Authentication and permission of a request: a bearer token with its scopes, or the browser's session."""

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from webapp.accounts.models import ApiToken, Scope, User
from webapp.accounts.services import token_authenticate
from webapp.rest.throttle import wrong_token_count, wrong_tokens_too_many

Person = User | AnonymousUser
RIGHT_TOKEN_KEPT_S = 24 * 3600


class Access(AuthBase):
    """Lets in a token with the scope, or a logged-in browser; sets `request.user` to the person.

    Where `public` is set, everybody is let in, and whoever has no access (or a token that must not read)
    sees what visitors see. A token that is wrong is never taken for a visitor.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: Scope, *, public: bool = False) -> None:
        super().__init__()
        self.scope, self.public = scope, public

    def __call__(self, request: HttpRequest) -> Person | None:
        request.user = self._person(request)
        if request.user.is_authenticated or self.public:
            return request.user
        return None  # ninja answers 401

    def _person(self, request: HttpRequest) -> Person:
        header = request.headers.get("Authorization")
        if header is not None:
            return self._token_owner(request, header)
        # A browser sends its session by itself, so what changes something needs the CSRF token as well.
        if request.user.is_authenticated and check_csrf(request):
            raise HttpError(403, "The X-CSRFToken header is missing or wrong. Reload the page and try again.")
        return request.user

    def _token_owner(self, request: HttpRequest, header: str) -> Person:
        token = _token(request, header)
        if self.scope in token.scopes:
            return token.user
        if self.public:
            return AnonymousUser()
        held = ", ".join(token.scopes)
        raise HttpError(403, f"This needs a token with the scope {self.scope.value!r}; this one has {held}.")


def _token(request: HttpRequest, header: str) -> ApiToken:
    """The usable token of an Authorization header. Wrong ones are counted; of too many none is looked up.

    One that was right within a day is let through all the same: a lab behind one address must not be shut
    out by one of its machines.
    """
    scheme, _, secret = header.partition(" ")
    known = f"right-token:{ApiToken.digest_of(secret.strip())}"
    if wrong_tokens_too_many(request) and not cache.get(known):
        raise HttpError(
            429, "Too many wrong API tokens came from this address. Wait, and send the right one."
        )
    token = token_authenticate(secret=secret.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        wrong_token_count(request)
        raise HttpError(401, "This API token is unknown, revoked or expired; make a new one.")
    cache.set(known, True, RIGHT_TOKEN_KEPT_S)
    return token


anyone = Access(Scope.READ, public=True)
reader = Access(Scope.READ)
submitter = Access(Scope.SUBMIT)
runner = Access(Scope.RUN)


def person(request: HttpRequest) -> Person:
    """Return the user of a request, after Access has decided."""
    return request.user


def user(request: HttpRequest) -> User:
    """Return the user of a request on endpoints that need one."""
    if not isinstance(request.user, User):
        raise TypeError("Expected an endpoint that asks for a log-in")
    return request.user
