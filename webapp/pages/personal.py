"""Keeps pages for one person out of every cache, also out of the browser's own after a log-out."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class PersonalPagesMiddleware:
    """Marks every page that somebody who is logged in has asked for, unless it says itself who keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_personal = request.session.accessed and request.user.is_authenticated
        if is_personal and not getattr(response, "says_who_keeps_it", False):
            response["Cache-Control"] = "private, no-store"
        return response
