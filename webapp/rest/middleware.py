"""The last hand on answers of the API: errors that Django made, limits, caching."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from webapp.rest.problems import CONTENT_TYPE, problem_response

PREFIX = "/api/"
UPLOADS = "/api/v1/uploads"
TUS_VERSION = "1.0.0"
KEPT_HEADERS = ("Allow", "Content-Range", "Retry-After", "WWW-Authenticate")


class ApiMiddleware:
    """Gives every answer below /api/ the form that the API promises."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        is_head = request.method == "HEAD"
        if is_head and not request.path.startswith(UPLOADS):  # the tus protocol has a HEAD of its own
            request.method = "GET"
        response = self.get_response(request)
        if response.status_code >= 400 and response.get("Content-Type") != CONTENT_TYPE:
            headers = {name: response[name] for name in KEPT_HEADERS if name in response}
            response = problem_response(response.status_code, headers=headers)
        usage = getattr(request, "rate_usage", None)
        if usage:
            response["RateLimit-Limit"] = str(usage.limit)
            response["RateLimit-Remaining"] = str(max(0, usage.remaining))
            response["RateLimit-Reset"] = str(usage.reset_s)
            if usage.remaining < 0:
                response["Retry-After"] = str(usage.reset_s)
        if request.path.startswith(UPLOADS):
            response["Tus-Resumable"] = response["Tus-Version"] = TUS_VERSION
        if is_head:  # not every server cuts it off
            if isinstance(response, StreamingHttpResponse):
                response.streaming_content = []
            elif isinstance(response, HttpResponse):
                response.content = b""
        patch_vary_headers(response, ["Authorization", "Cookie"])
        response.setdefault("Cache-Control", "no-store")
        return response
