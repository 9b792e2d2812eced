"""Shared by pages: the logged-in user, state that polls for itself, refusals as messages, and 404."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from webapp.accounts.models import User
from webapp.refusal import Refused


def logged_in(request: HttpRequest) -> User:
    """The user of a page that needs one."""
    assert isinstance(request.user, User)
    return request.user


def wants_part(request: HttpRequest) -> bool:
    """Return whether htmx asks for the part of a page that it replaces, not for the page (as Back does)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def live_page(
    request: HttpRequest, *, page: str, state: str, state_id: str, context: dict[str, Any]
) -> HttpResponse:
    """Render a page whose state asks for itself again, or the state alone where it does.

    Args:
        page, state: templates; the page includes the state.
        state_id: id of the element that is replaced; both get it, and `is_state`: whether it comes alone.
        context: for both.
    """
    is_state = request.headers.get("HX-Target") == state_id
    response = render(
        request, state if is_state else page, {**context, "state_id": state_id, "is_state": is_state}
    )
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store"
    return response


@contextmanager
def told_if_refused(request: HttpRequest) -> Iterator[None]:
    """Turn a `Refused` raised inside into a message on the next page."""
    try:
        yield
    except Refused as refused:
        messages.error(request, f"{refused.message} {refused.hint}")


@contextmanager
def missing_is_404() -> Iterator[None]:
    """Answer "not found" where a selector has no such row, or none that this visitor may see."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise Http404 from error
