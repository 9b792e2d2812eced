"""/submissions/{id}/receipt, and the keys to check it with."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from ninja import Router, Schema

from evaluator.receipts import ALGORITHM
from webapp.receipts.keys import KeysUnreadable, all_keys
from webapp.receipts.statement import receipt_of
from webapp.refusal import Refused
from webapp.rest.auth import anyone, person
from webapp.rest.document import problems
from webapp.rest.problems import refused_response
from webapp.submissions.models import Submission
from webapp.submissions.selectors import scores_are_visible, submission_get

router = Router(tags=["submissions"])


class SignatureOut(Schema):
    algorithm: str
    key_id: str
    public_key: str
    value: str


class ReceiptOut(Schema):
    """The document that `python -m evaluator verify` reads; docs/receipts.md describes its fields."""

    receipt: dict[str, Any]
    signature: SignatureOut


READABLE = {"indent": 1, "ensure_ascii": False}


@router.get(
    "/submissions/{uuid:id}/receipt",
    auth=anyone,
    response={200: ReceiptOut},
    openapi_extra=problems(409, 503),
    url_name="receipt",
    summary="Download the signed receipt",
)
def receipt(request: HttpRequest, id: UUID) -> HttpResponse:
    """Return the signed scores: `python -m evaluator verify` checks it offline."""
    try:
        submission = submission_get(user=person(request), id=id)
    except Submission.DoesNotExist:
        raise Http404 from None
    if not scores_are_visible(user=person(request), split=submission.split):
        raise Refused("scores-hidden", "Scores of this split are not shown yet.", status=403)
    server = request.build_absolute_uri("/").rstrip("/")
    page = request.build_absolute_uri(submission.get_absolute_url())
    response = JsonResponse(receipt_of(submission, server=server, page=page), json_dumps_params=READABLE)
    response["Content-Disposition"] = f'attachment; filename="receipt-{submission.id}.json"'
    return response


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of this server, at the address that `evaluator.receipts.KEY_ADDRESS` names."""
    try:
        found = all_keys()
    except KeysUnreadable as refused:
        return refused_response(refused)
    listed = [
        {
            "key_id": key.key_id,
            "algorithm": ALGORITHM,
            "public_key": key.public_key,
            "created_at": key.created_at,
            "retired_at": key.retired_at or None,
        }
        for key in found
    ]
    response = JsonResponse({"keys": listed}, json_dumps_params=READABLE)
    response["Cache-Control"] = "public, max-age=300"
    return response
