"""`/healthz` and `/readyz`, for those who watch the site: they come with any host name, and without https."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from webapp.jobs.health import parts


class HealthMiddleware:
    """Answers both before anything else is asked of a request: neither host nor session nor database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            response = HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
        elif request.path == "/readyz":
            response = _ready()
        else:
            return self.get_response(request)
        response["Cache-Control"] = "no-store"
        return response


def _ready() -> HttpResponse:
    """One line for each part; 503 where one of them is not there."""
    found = parts()
    is_ready = all(part.is_ok for part in found)
    answer = {
        "ready": is_ready,
        "parts": [{"name": part.name, "ok": part.is_ok, "detail": part.detail} for part in found],
    }
    return JsonResponse(answer, status=200 if is_ready else 503, json_dumps_params={"indent": 1})
