"""Repeated POSTs: with the same `Idempotency-Key` and body, the first answer is given again for a day."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import Schema, Status
from ninja.responses import NinjaJSONEncoder

from webapp.accounts.models import RememberedAnswer
from webapp.refusal import Refused
from webapp.rest.auth import user

LIFETIME = timedelta(hours=24)
KEY_CHARACTERS = 200


def idempotent(view: Callable[..., Status[Schema]]) -> Callable[..., Status[Schema] | HttpResponse]:
    """Make a POST safe to repeat. Work and memory are one transaction; refusals are not kept."""

    @wraps(view)
    def repeatable(request: HttpRequest, *args: Any, **kwargs: Any) -> Status[Schema] | HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(request, *args, **kwargs)
        _check_key(key)
        with transaction.atomic():
            # A second request with the same key waits here, on the unique index, for the first to end.
            answer, is_new = _remembered(request, key)
            if is_new:
                result = view(request, *args, **kwargs)
                text = json.dumps(result.value.model_dump(), cls=NinjaJSONEncoder)  # as ninja writes it
                answer.status, answer.body = result.status_code, json.loads(text)
                answer.save(update_fields=["status", "body"])
                return result
        if answer.fingerprint != _fingerprint(request):
            raise Refused(
                "idempotency-key",
                "This Idempotency-Key was used for another request.",
                "Take a fresh key (a UUID) for each thing you want done.",
            )
        return JsonResponse(answer.body, status=answer.status, headers={"Idempotency-Replayed": "true"})

    repeatable.is_idempotent = True  # type: ignore[attr-defined]  # for the API's description
    return repeatable


def is_idempotent(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "is_idempotent", False))


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= KEY_CHARACTERS or not key.isascii() or not key.isprintable():
        raise Refused(
            "idempotency-key",
            f"An Idempotency-Key has 1 to {KEY_CHARACTERS} printable characters.",
            "Use a UUID.",
            status=400,
        )


def _remembered(request: HttpRequest, key: str) -> tuple[RememberedAnswer, bool]:
    answers = RememberedAnswer.objects.filter(user=user(request))
    answers.filter(created_at__lt=timezone.now() - LIFETIME).delete()
    return answers.get_or_create(user=user(request), key=key, defaults={"fingerprint": _fingerprint(request)})


def _fingerprint(request: HttpRequest) -> str:
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()
