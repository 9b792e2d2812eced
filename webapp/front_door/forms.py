"""The door for forms that bring a large file: what browsers without scripts send.

The file goes into an upload as it comes (webapp/uploads/intake.py), and Django gets the fields alone. Smaller
forms go to Django whole.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import unquote, urlencode

from django.urls import Resolver404, resolve
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from webapp.front_door.exchange import BodyTooLarge, ConnectionCut, Exchange
from webapp.front_door.pages import BODY_BYTES, Environ, environ_of, too_large
from webapp.front_door.uploads import Uploads
from webapp.uploads.intake import KEY, Intake
from webapp.uploads.services import upload_delete

FORMS: Final = ("submissions:new", "checkpoints:new")
# All but the file: names, texts, and what separates them.
FIELDS_BYTES: Final = 1024 * 1024
# Each costs the event loop time, however small it is.
PARTS: Final = 100
_FILE: Final = "file"


class Form:
    """A multipart form, read as it comes.

    Attributes:
        fields: the texts so far, in order.
        filename: of the field "file", from the moment when its first byte may follow; None before.
        data: bytes of the file that nobody has taken yet.
    """

    def __init__(self, boundary: bytes) -> None:
        self.fields: list[tuple[str, str]] = []
        self.filename: str | None = None
        self.data = bytearray()
        self.is_complete = False
        self._name, self._text, self._is_file = "", bytearray(), False
        self._bytes, self._file_bytes, self._parts = 0, 0, 0
        self._header, self._headers = (bytearray(), bytearray()), dict[bytes, bytes]()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Read on. Raises BodyTooLarge for too much beside the file, FormParserError for other data."""
        self._parser.write(data)
        self._bytes += len(data)
        if self._bytes - self._file_bytes > FIELDS_BYTES:
            raise BodyTooLarge

    def take(self) -> bytes:
        """Return what has come of the file since the last time."""
        data = bytes(self.data)
        self.data.clear()
        return data

    def _on_part_begin(self) -> None:
        self._headers.clear()
        self._parts += 1
        if self._parts > PARTS:
            raise BodyTooLarge

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode(errors="replace")
        filename = options.get(b"filename", b"").decode(errors="replace")
        self._is_file = bool(filename) and self._name == _FILE and self.filename is None
        if self._is_file:
            self.filename = filename

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self.data += data[start:end]
            self._file_bytes += end - start
        else:
            self._text += data[start:end]

    def _on_part_end(self) -> None:
        if not self._is_file and b"filename=" not in self._headers.get(b"content-disposition", b""):
            self.fields.append((self._name, self._text.decode(errors="replace")))
        self._text.clear()

    def _on_end(self) -> None:
        self.is_complete = True


class LargeForms:
    """Takes forms whose file is larger than a page may be.

    Args:
        uploads: the door for files.
    """

    def __init__(self, uploads: Uploads) -> None:
        self._uploads, self._pages = uploads, uploads.pages

    def is_one(self, exchange: Exchange) -> bool:
        """Return whether this is a form with a file too large for Django, at an address that takes files."""
        kind = exchange.headers.get(b"content-type", b"")
        if exchange.method != "POST" or not kind.lower().startswith(b"multipart/form-data"):
            return False
        if (exchange.length or 0) <= BODY_BYTES:
            return False
        try:
            return resolve(unquote(exchange.path.decode("latin-1"))).view_name in FORMS
        except Resolver404:
            return False

    async def serve(self, exchange: Exchange) -> None:
        """Answer it."""
        _, options = parse_options_header(exchange.headers[b"content-type"])
        intake = Intake()
        try:
            async with self._uploads.released(intake):
                await self._serve(exchange, options.get(b"boundary", b"")[:200], intake)
        except (FormParserError, BodyTooLarge):
            await self._pages.send(exchange, too_large(exchange))
        except ConnectionCut:
            if intake.appending:  # a form is not resumed
                await asyncio.to_thread(upload_delete, upload=intake.appending.upload)
            raise

    async def _serve(self, exchange: Exchange, boundary: bytes, intake: Intake) -> None:
        form, pieces, taken = Form(boundary), exchange.pieces(), 0
        async for piece in pieces:
            form.feed(piece)
            taken += len(piece)
            if form.filename is not None:
                break
        if form.filename is None:
            raise BodyTooLarge
        intake.filename = form.filename
        # What follows the file at least: the end of its part and of the form.
        intake.length = (exchange.length or 0) - taken + len(form.data) - len(boundary) - len("\r\n----\r\n")
        first = await self._pages.ask(exchange, _environ(exchange, form, intake))
        if intake.appending is None:
            await self._pages.send(exchange, first)
            return
        await self._uploads.receive(exchange, intake.appending, _rest_of_file(form, pieces))
        if not form.is_complete and not intake.appending.failure:
            raise FormParserError("the form has no end")
        await self._pages.send(exchange, await self._pages.ask(exchange, _environ(exchange, form, intake)))


async def _rest_of_file(form: Form, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield form.take()
    async for piece in pieces:
        form.feed(piece)
        if form.data:
            yield form.take()


def _environ(exchange: Exchange, form: Form, intake: Intake) -> Environ:
    """Return the same request with the fields alone."""
    environ = environ_of(exchange, urlencode(form.fields).encode())
    return environ | {"CONTENT_TYPE": "application/x-www-form-urlencoded", KEY: intake}
