"""Everything below `/embed/` is the same for everybody: it may stand in pages and caches of others."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PREFIX = "/embed/"
KEPT_S = 300
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors *"
)


class OutsideMiddleware:
    """Takes from a request what says who asks, before anything reads it; so no answer can depend on it.

    It stands before the middleware of sessions and of forms, whose cookies and headers it leaves out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        for name in ("HTTP_COOKIE", "HTTP_AUTHORIZATION"):
            request.META.pop(name, None)
        request.COOKIES = {}
        response = self.get_response(request)
        if response.status_code == 404:
            response = HttpResponse("There is nothing at this address.\n", status=404)
            response["Content-Type"] = "text/plain; charset=utf-8"
        response.cookies.clear()
        others = [name for name in response.get("Vary", "").split(", ") if name.lower() not in ("", "cookie")]
        del response["Vary"]
        if others:
            response["Vary"] = ", ".join(others)
        del response["X-Frame-Options"]
        response["Content-Security-Policy"] = POLICY
        response["X-Content-Type-Options"] = "nosniff"
        is_ours = response.status_code >= 500  # a fault of this moment
        response["Cache-Control"] = "no-store" if is_ours else f"public, max-age={KEPT_S}"
        return response
