"""/uploads: resumable uploads by tus 1.0.0 (https://tus.io/protocols/resumable-upload).

Extensions: creation, creation-with-upload, checksum, termination, expiration.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from ninja import Router

from webapp.api import tus
from webapp.api.tus import CONTENT_TYPE as CONTENT_TYPE
from webapp.refusal import Refused
from webapp.rest.auth import submitter, user
from webapp.rest.middleware import TUS_VERSION
from webapp.uploads.files import CHECKSUMS, Checksum, UploadLocked, ask_to_let_go
from webapp.uploads.intake import intake_of
from webapp.uploads.kinds import KINDS, PREDICTIONS, UploadKind
from webapp.uploads.models import Upload
from webapp.uploads.selectors import upload_get
from webapp.uploads.services import (
    append_begin,
    append_finish,
    upload_append,
    upload_create,
    upload_finish,
    upload_forget,
)

EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"

router = Router(tags=["uploads"])


@router.api_operation(
    ["OPTIONS"],
    "/uploads",
    auth=None,
    throttle=[],
    response={204: None},
    summary="Tell what uploads can do",
    openapi_extra=tus.OPTIONS,
)
def options(request: HttpRequest) -> HttpResponse:
    """Return the tus capabilities of this server."""
    headers = {
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(max(kind.limit_bytes for kind in KINDS.values())),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
    }
    return HttpResponse(status=204, headers=headers)


@router.post(
    "/uploads",
    auth=submitter,
    response={201: None},
    summary="Create an upload",
    openapi_extra=tus.CREATE,
)
def create(request: HttpRequest) -> HttpResponse:
    """Announce a file by Upload-Length; a body is its first piece.

    Upload-Metadata may name its `filename` and its `kind`: submission (the default) or checkpoint.
    """
    _check_version(request)
    metadata = _metadata(request)
    upload = upload_create(
        owner=user(request),
        filename=metadata.get("filename") or metadata.get("name", ""),
        length=_length(request),
        kind=_kind(metadata),
    )
    if request.headers.get("Content-Type") == CONTENT_TYPE and upload.length:
        _append(request, upload, offset=0)
    response = _answer(201, upload)
    response["Location"] = request.build_absolute_uri(reverse("api:upload", args=[upload.id]))
    return response


@router.api_operation(
    ["HEAD"],
    "/uploads/{uuid:id}",
    auth=submitter,
    throttle=[],
    response={200: None},
    url_name="upload",
    summary="Ask how much has arrived",
    openapi_extra=tus.STATE,
)
def state(request: HttpRequest, id: UUID) -> HttpResponse:
    """Return the number of bytes received, in Upload-Offset."""
    upload = _get(request, id)
    with _taking_over(upload):
        upload_finish(upload=upload)
    response = _answer(200, upload)
    response["Upload-Length"] = str(upload.length)
    return response


@router.patch(
    "/uploads/{uuid:id}",
    auth=submitter,
    throttle=[],
    response={204: None},
    summary="Append a piece",
    openapi_extra=tus.APPEND,
)
def append(request: HttpRequest, id: UUID) -> HttpResponse:
    """Append the body at Upload-Offset. The last byte finishes the upload."""
    upload = _get(request, id)
    if request.headers.get("Content-Type") != CONTENT_TYPE:
        raise Refused("tus-content-type", f"Expected the Content-Type {CONTENT_TYPE}.", status=415)
    upload = _append(request, upload, offset=_whole_number(request, "Upload-Offset"))
    return _answer(204, upload)


@router.delete(
    "/uploads/{uuid:id}",
    auth=submitter,
    response={204: None},
    summary="Delete an upload",
    openapi_extra=tus.DELETE,
)
def delete(request: HttpRequest, id: UUID) -> HttpResponse:
    """Forget an upload. Submissions and checkpoints made of it stay."""
    upload = _get(request, id)
    with _taking_over(upload):
        upload_forget(upload=upload)
    return HttpResponse(status=204)


@router.post(
    "/uploads/{uuid:id}",
    auth=submitter,
    throttle=[],
    response={200: None, 204: None},
    summary="Override a method",
    openapi_extra=tus.OVERRIDE,
)
def override(request: HttpRequest, id: UUID) -> HttpResponse:
    """PATCH or DELETE for clients that can only POST: named in X-HTTP-Method-Override."""
    operations = {"PATCH": append, "DELETE": delete, "HEAD": state}
    method = request.headers.get("X-HTTP-Method-Override", "")
    if method not in operations:
        return HttpResponse(status=405, headers={"Allow": "HEAD, PATCH, DELETE"})
    return operations[method](request, id)


def _get(request: HttpRequest, id: UUID) -> Upload:
    """Return an upload of the person who asks. Raises Refused for another version of tus, and Http404."""
    _check_version(request)
    try:
        return upload_get(user=user(request), id=id)
    except Upload.DoesNotExist:
        raise Http404 from None


def _append(request: HttpRequest, upload: Upload, *, offset: int) -> Upload:
    size = _whole_number(request, "Content-Length", missing=411)
    if offset + size > upload.length:
        raise Refused(
            "upload-overflow",
            f"{size:,} bytes at {offset:,} go beyond the announced length of {upload.length:,}.",
            "Announce the right Upload-Length in a new upload.",
            status=413,
        )
    intake = intake_of(request)
    if intake is None:
        return upload_append(upload=upload, offset=offset, stream=request, checksum=_checksum(request))
    if intake.appending is not None:
        return append_finish(appending=intake.appending)
    with _taking_over(upload):
        intake.appending = append_begin(upload=upload, offset=offset, checksum=_checksum(request))
    return upload


@contextmanager
def _taking_over(upload: Upload) -> Iterator[None]:
    """Ask a request that holds the upload to end: its client has lost it, since its owner is here again."""
    try:
        yield
    except UploadLocked:
        ask_to_let_go(upload)
        raise


def _answer(status: int, upload: Upload) -> HttpResponse:
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": http_date(upload.expires_at.timestamp()),
    }
    return HttpResponse(status=status, headers=headers)


def _check_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != TUS_VERSION:
        raise Refused(
            "tus-version",
            f"Expected the header Tus-Resumable: {TUS_VERSION}.",
            "Use a tus 1.0 client, such as tus-js-client or tuspy.",
            status=412,
        )


def _whole_number(request: HttpRequest, header: str, *, missing: int = 400) -> int:
    text = request.headers.get(header)
    if text is None or not re.fullmatch(r"[0-9]{1,15}", text):
        found = "it is missing" if text is None else f"found {text!r}"
        raise Refused(
            "tus-header", f"Expected a whole number of bytes in {header}, but {found}.", status=missing
        )
    return int(text)


def _length(request: HttpRequest) -> int:
    if "Upload-Defer-Length" in request.headers:
        raise Refused("tus-header", "This server needs the length at once, in Upload-Length.", status=400)
    return _whole_number(request, "Upload-Length")


def _metadata(request: HttpRequest) -> dict[str, str]:
    """Parse Upload-Metadata: pairs of a key and a base64 text, separated by commas."""
    pairs = (pair.strip().partition(" ") for pair in request.headers.get("Upload-Metadata", "").split(","))
    return {key: _text(value) for key, _, value in pairs if key in ("filename", "name", "kind")}


def _kind(metadata: dict[str, str]) -> UploadKind:
    name = metadata.get("kind", PREDICTIONS.name)
    if name not in KINDS:
        raise Refused("upload-kind", f"The kind is {name!r}.", f"Choose from {', '.join(KINDS)}.")
    return KINDS[name]


def _text(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("tus-header", "Upload-Metadata is not base64 of UTF-8.", status=400) from None


def _checksum(request: HttpRequest) -> Checksum | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, digest = header.partition(" ")
    try:
        return Checksum(algorithm=algorithm, digest=base64.b64decode(digest, validate=True))
    except binascii.Error:
        raise Refused("tus-header", "Upload-Checksum is not base64.", status=400) from None
