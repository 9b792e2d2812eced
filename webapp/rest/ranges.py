"""Files of which clients ask for ranges of bytes (RFC 9110, section 14): the question and the answer."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags


@dataclass(frozen=True, slots=True)
class Span:
    """What is sent of a file: `length` bytes from `first`. `status` is 200, 206, or 416 for none of it."""

    status: int
    first: int
    length: int

    def content_range(self, size: int) -> str:
        """Return the header Content-Range; empty for a whole file."""
        if self.status == 416:
            return f"bytes */{size}"
        return f"bytes {self.first}-{self.first + self.length - 1}/{size}" if self.status == 206 else ""


def span_of(asked: str, size: int) -> Span:
    """Return what a Range header asks for; whoever asks for several ranges gets the whole file."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", asked, re.ASCII)
    if not match or match[0] == "bytes=-":
        return Span(200, 0, size)
    first, last = (int(text) if text else None for text in match.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), size - 1
    last = size - 1 if last is None else min(last, size - 1)
    if first > last:
        return Span(416, 0, 0) if first >= size else Span(200, 0, size)
    return Span(206, first, last - first + 1)


class PartOfFile:
    """The next `length` bytes of an open file, which is closed with the answer, or handed over."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._rest = file, length

    def read(self, count: int = -1) -> bytes:
        piece = self._file.read(self._rest if count < 0 else min(count, self._rest))
        self._rest -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()

    def hand_over(self) -> tuple[BinaryIO, int]:
        """Return the open file and how many of its bytes to send: the caller closes it."""
        file, self._file = self._file, io.BytesIO()
        return file, self._rest


def file_response(
    request: HttpRequest, path: Path, *, etag: str, cache_control: str, content_type: str
) -> HttpResponseBase:
    """Answer with a file that never changes, or what of it is asked for. Nobody reads it before it is sent.

    Args:
        request: a GET or HEAD.
        path: of the file.
        etag: its name among all that this address ever had, without quotes.
        cache_control: goes before what the site says of personal pages.
        content_type: of the whole.

    Raises FileNotFoundError.
    """
    size, quoted = path.stat().st_size, f'"{etag}"'
    is_same = request.headers.get("If-Range", quoted) == quoted
    span = span_of(request.headers.get("Range", "") if is_same else "", size)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponseBase
    if "*" in known or quoted in (one.removeprefix("W/") for one in known):
        response = HttpResponse(status=304)
    elif span.status == 416:
        response = HttpResponse(status=416)
    else:
        file = path.open("rb")
        file.seek(span.first)
        response = FileResponse(PartOfFile(file, span.length), status=span.status, content_type=content_type)
        response["Content-Length"] = str(span.length)
    if response.status_code != 304 and (content_range := span.content_range(size)):
        response["Content-Range"] = content_range
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = quoted
    return kept(response, cache_control)


def kept(response: HttpResponseBase, cache_control: str) -> HttpResponseBase:
    """Let an answer say itself who may keep it, also where somebody who is logged in asked for it."""
    response["Cache-Control"] = cache_control
    response.says_who_keeps_it = True  # type: ignore[attr-defined]  # for PersonalPagesMiddleware
    return response
