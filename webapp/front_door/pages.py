"""The door to Django: it gets whole requests, in one of a few lasting threads, and leaves whole answers.

So a thread is held by computing alone, never by a client, and the threads keep their database connections.
"""

import asyncio
import io
import logging
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from django.http import HttpResponse

from webapp.front_door.exchange import BodyTooLarge, ConnectionCut, Exchange, Headers, raw_headers
from webapp.rest.middleware import PREFIX, UPLOADS
from webapp.rest.problems import problem_response
from webapp.rest.ranges import PartOfFile

THREADS: Final = 14
BODY_BYTES: Final = 2_500_000
# A larger answer waits for its reader on disk.
MEMORY_BYTES: Final = 1024 * 1024
ANSWER_BYTES: Final = 1024**3
Environ = dict[str, Any]
log = logging.getLogger(__name__)
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of Django."""

    status: int
    headers: Headers
    body: bytes | BinaryIO
    length: int

    def header(self, name: bytes) -> bytes:
        return next((value for found, value in self.headers if found == name), b"")


class Pages:
    """Runs a WSGI application.

    Args:
        application: Django.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="django")

    async def serve(self, exchange: Exchange) -> None:
        """Answer a request with a body of bounded size."""
        try:
            body = await exchange.body(BODY_BYTES)
        except BodyTooLarge:
            await self.send(exchange, too_large(exchange))
            return
        await self.send(exchange, await self.ask(exchange, environ_of(exchange, body)))

    async def ask(
        self, exchange: Exchange, environ: Environ, threads: ThreadPoolExecutor | None = None
    ) -> Answer:
        """Let Django answer, as soon as a thread is free. Raises ConnectionCut where the client has gone."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads or self._threads, self._run, exchange, environ)

    async def send(self, exchange: Exchange, answer: Answer) -> None:
        try:
            await exchange.answer(answer.status, answer.headers, answer.body, answer.length)
        finally:
            if not isinstance(answer.body, bytes):
                answer.body.close()

    def _run(self, exchange: Exchange, environ: Environ) -> Answer:
        if exchange.is_gone and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            raise ConnectionCut  # nobody will read it, and others are waiting for this thread
        begun: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            begun.append((int(status[:3]), raw_headers(headers)))

        pieces = self._application(environ, start_response)
        try:
            body, length = pieces.hand_over() if isinstance(pieces, PartOfFile) else _spooled(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close:
                close()
        status, headers = begun[-1]
        has_length = any(name == b"content-length" for name, _ in headers)
        if not has_length and status not in (204, 304):
            headers.append((b"content-length", str(length).encode()))
        return Answer(status, headers, body, length)


def _as_file(file: Any, block_size: int) -> Any:
    """Return a part of a file as it is, which is sent from where it lies; others are read as WSGI says."""
    return file if isinstance(file, PartOfFile) else FileWrapper(file, block_size)


def _spooled(pieces: Iterable[bytes]) -> tuple[bytes | BinaryIO, int]:
    """Collect an answer, and its length: in memory, and what is large on disk."""
    body: BinaryIO = io.BytesIO()
    for piece in pieces:
        body.write(piece)
        if isinstance(body, io.BytesIO) and body.tell() > MEMORY_BYTES:
            body = _moved_to_disk(body)
        if body.tell() > ANSWER_BYTES:
            raise ValueError(f"an answer of more than {ANSWER_BYTES:,} bytes")
    length = body.tell()
    if isinstance(body, io.BytesIO):
        return body.getvalue(), length
    body.seek(0)
    return body, length


def _moved_to_disk(body: io.BytesIO) -> BinaryIO:
    """Return a temporary file with the same content; the same object where the disk has no room."""
    try:
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(body.getbuffer())
            file.flush()
            stack.pop_all()
    except OSError as error:
        log.warning("an answer of %s bytes stays in memory: %s", f"{body.tell():,}", error)
        return body
    return file


def environ_of(exchange: Exchange, body: bytes | None) -> Environ:
    """Return the request as WSGI (PEP 3333) names it; a body that is None is still to come.

    A name with an underscore is left out: it could pass for another, such as X-Forwarded-For.
    """
    scope = exchange.scope
    host, port = scope["server"] or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": exchange.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(exchange.path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": _as_file,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" not in name:
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            joint = "; " if name == "cookie" else ","
            environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    if body or (body is not None and "HTTP_TRANSFER_ENCODING" in environ):
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def too_large(exchange: Exchange) -> Answer:
    """Say no to a body, in the form that the address promises."""
    detail = (
        f"The body has more than the {BODY_BYTES:,} bytes that are taken here. Files are sent to {UPLOADS}."
    )
    response: HttpResponse = HttpResponse(detail, status=413, content_type="text/plain; charset=utf-8")
    if exchange.path.startswith(PREFIX.encode()):
        response = problem_response(413, detail)
    return Answer(413, raw_headers(response.items()), response.content, len(response.content))
