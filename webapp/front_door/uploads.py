"""The door for files: their bytes go to disk as they come, and Django is asked before and after.

See webapp/uploads/intake.py. While a client sends, slowly or not at all, nothing but its connection is held.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from django.db import close_old_connections

from webapp.api.uploads import CONTENT_TYPE
from webapp.front_door.exchange import Exchange
from webapp.front_door.pages import Answer, Environ, Pages, environ_of
from webapp.refusal import Refused
from webapp.rest.middleware import UPLOADS
from webapp.uploads.files import Appending
from webapp.uploads.intake import KEY, Intake

# They write to the page cache, and now and then to the disk itself.
THREADS: Final = 4
# Uploads begin and end in hundreds at once: pages do not queue behind them, nor beginnings behind long ends,
# and a page shares the processor with one of each at most.
BEFORE_THREADS: Final = 1
AFTER_THREADS: Final = 1
# How long a request waits for an older one to let go of the same upload.
TAKE_OVER_S: Final = 5.0
_RETRY_S: Final = 0.25
_OFFSET: Final = b"upload-offset"


class Uploads:
    """Streams bodies into uploads.

    Args:
        pages: the door to Django.
    """

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="uploads")
        self._before = ThreadPoolExecutor(BEFORE_THREADS, thread_name_prefix="before-uploads")
        self._after = ThreadPoolExecutor(AFTER_THREADS, thread_name_prefix="after-uploads")
        self._under_way: dict[Appending, Exchange] = {}

    async def serve(self, exchange: Exchange) -> None:
        """Answer a request for uploads (tus), whatever its method."""
        if exchange.method != "PATCH" and exchange.headers.get(b"content-type") != CONTENT_TYPE.encode():
            await self._serve_without_body(exchange)
            return
        intake = Intake()
        async with self.released(intake):
            first = await self._ask_when_free(exchange, environ_of(exchange, None) | {KEY: intake})
            if intake.appending is None:
                await self.pages.send(exchange, first)
                return
            await self.receive(exchange, intake.appending, exchange.pieces())
            environ = environ_of(exchange, None) | {KEY: intake}
            if first.status != HTTPStatus.CREATED:
                await self.pages.send(exchange, await self.pages.ask(exchange, environ, self._after))
                return
            # The upload exists, and must not be created twice: from here on this is a PATCH.
            path = urlsplit(first.header(b"location").decode()).path
            environ |= {"REQUEST_METHOD": "PATCH", "PATH_INFO": path, "HTTP_UPLOAD_OFFSET": "0"}
            last = await self.pages.ask(exchange, environ, self._after)
            await self.pages.send(exchange, _created(first, last))

    async def _serve_without_body(self, exchange: Exchange) -> None:
        """HEAD, DELETE and others: an older request that holds the upload may have to let go first."""
        if exchange.method in ("HEAD", "DELETE"):
            answer = await self._ask_when_free(exchange, environ_of(exchange, b""))
            await self.pages.send(exchange, answer)
        else:
            await self.pages.serve(exchange)

    async def _ask_when_free(self, exchange: Exchange, environ: Environ) -> Answer:
        deadline = asyncio.get_running_loop().time() + TAKE_OVER_S
        while True:
            environ = {**environ, "wsgi.input": io.BytesIO()}
            answer = await self.pages.ask(exchange, environ, self._before)
            if answer.status != HTTPStatus.LOCKED or asyncio.get_running_loop().time() > deadline:
                return answer
            await asyncio.sleep(_RETRY_S)

    async def receive(self, exchange: Exchange, appending: Appending, pieces: AsyncIterator[bytes]) -> None:
        """Write what comes, until its end. Raises ConnectionCut."""
        self._under_way[appending] = exchange
        try:
            async for piece in pieces:
                await asyncio.get_running_loop().run_in_executor(self._threads, _write, appending, piece)
        except Refused as refused:
            appending.failure = refused  # Django says it, when it is asked again
        finally:
            del self._under_way[appending]

    @asynccontextmanager
    async def released(self, intake: Intake) -> AsyncIterator[None]:
        """Let go of what the intake holds at the end, also when this task is cancelled."""
        try:
            yield
        finally:
            if intake.appending is not None:
                done = self._threads.submit(_release, intake.appending)
                await asyncio.wrap_future(done)

    def look(self) -> None:
        """End requests whose owners have come back by another one."""
        for appending, exchange in list(self._under_way.items()):
            if appending.is_unwanted:
                exchange.connection.cut()

    def close(self) -> None:
        """Wait until all that has arrived is counted."""
        self._threads.shutdown(wait=True)


def _write(appending: Appending, piece: bytes) -> None:
    close_old_connections()
    appending.write(piece)


def _release(appending: Appending) -> None:
    close_old_connections()
    appending.release()


def _created(first: Answer, last: Answer) -> Answer:
    """Return the answer to a creation whose first piece has come, or what was wrong with the piece."""
    if last.status >= 400:
        return last
    headers = [(name, last.header(_OFFSET) if name == _OFFSET else value) for name, value in first.headers]
    return replace(first, headers=headers)


def is_for_uploads(path: bytes) -> bool:
    return path == UPLOADS.encode() or path.startswith(f"{UPLOADS}/".encode())
