"""One request and the answer to it, as the doors see them."""

import logging
import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

PIECE_BYTES: Final = 64 * 1024
Headers = list[tuple[bytes, bytes]]
log = logging.getLogger("webapp.access")


class ConnectionCut(Exception):
    """The client went away before its request was complete."""


class BodyTooLarge(Exception):
    """The body has more bytes than are taken here."""


class Exchange:
    """A request that is being answered.

    Attributes:
        path: as it came, still quoted.
        headers: by their names in lower case; of several, the last.
    """

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.connection: Any = scope["state"]["connection"]
        self._cycle: Any = scope["state"]["cycle"]
        self._began = time.monotonic()

    @property
    def length(self) -> int | None:
        """Return the Content-Length; None for a body of unknown length, or no body."""
        text = self.headers.get(b"content-length", b"")
        return int(text) if text.isdigit() else None

    @property
    def is_gone(self) -> bool:
        """Return whether the client has gone away."""
        return bool(self._cycle.disconnected)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises ConnectionCut, after every byte that came before the cut."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                # uvicorn forgets what it had received when the connection broke.
                rest, self._cycle.body = bytes(self._cycle.body), bytearray()
                if rest:
                    yield rest
                if self._cycle.more_body:
                    raise ConnectionCut
                return
            if message["body"]:
                yield message["body"]
            if not message["more_body"]:
                return

    async def body(self, limit: int) -> bytes:
        """Return the whole body. Raises BodyTooLarge, as early as can be known, and ConnectionCut."""
        if (self.length or 0) > limit:
            raise BodyTooLarge
        body = bytearray()
        async for piece in self.pieces():
            body += piece
            if len(body) > limit:
                raise BodyTooLarge
        return bytes(body)

    async def answer(self, status: int, headers: Headers, body: bytes | BinaryIO, length: int) -> None:
        """Send an answer, a piece at a time, as fast as the client takes it."""
        self._log(status, length)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if isinstance(body, bytes):
            await self._send({"type": "http.response.body", "body": body})
            return
        rest = 0 if self.method == "HEAD" else length
        while rest > 0 and not self.is_gone:
            piece = body.read(min(PIECE_BYTES, rest))
            if not piece:
                break
            rest -= len(piece)
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    def _log(self, status: int, length: int) -> None:
        client = self.scope["client"]
        query = self.scope["query_string"]
        address = (self.path + b"?" + query if query else self.path).decode("latin-1")
        log.info(
            '%s [%s] "%s %s" %d %d %.3f s',
            client[0] if client else "-",
            datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            self.method,
            address,
            status,
            length,
            time.monotonic() - self._began,
        )


def raw_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    return [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
