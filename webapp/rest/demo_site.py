"""A site for one machine alone answers nobody else: its demo account's password is known to everybody."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from webapp.rest.middleware import PREFIX
from webapp.rest.problems import problem_response

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_", "HTTP_X_REAL_IP", "HTTP_VIA")
WORDS = (
    "This request came through a proxy, but this is a demo site, for its own machine alone. To let others "
    "in, set PROXIES to the number of proxies before the site, ALLOWED_HOSTS to its names and, with TLS, "
    "HTTPS=True; start again, and make an organiser with `manage.py createsuperuser` (docs/deploy.md)."
)


class DemoSiteMiddleware:
    """Refuses what a proxy has passed on, as long as no setting speaks of one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.DEMO_SITE or not any(name.startswith(FORWARDED) for name in request.META):
            return self.get_response(request)
        if request.path.startswith(PREFIX):
            return problem_response(403, WORDS)
        return HttpResponse(f"{WORDS}\n", status=403, content_type="text/plain; charset=utf-8")
