"""The ASGI application: which of the doors a request goes through."""

from contextlib import suppress
from typing import Any

from django.conf import settings

from webapp.front_door.exchange import ConnectionCut, Exchange
from webapp.front_door.files import StaticFiles
from webapp.front_door.forms import LargeForms
from webapp.front_door.pages import Pages
from webapp.front_door.uploads import Uploads, is_for_uploads


class FrontDoor:
    """Everything that this process answers.

    Args:
        pages: the door to Django.
        files: static files.
    """

    def __init__(self, pages: Pages, files: StaticFiles) -> None:
        self.pages, self.files = pages, files
        self.uploads = Uploads(pages)
        self.forms = LargeForms(self.uploads)
        self._static = f"/{settings.STATIC_URL.strip('/')}/".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        exchange = Exchange(scope, receive, send)
        with suppress(ConnectionCut):  # nobody awaits an answer
            await self._answer(exchange)

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.path.startswith(self._static) and (file := self.files.find(exchange)):
            await self.files.serve(exchange, file)
        elif is_for_uploads(exchange.path):
            await self.uploads.serve(exchange)
        elif self.forms.is_one(exchange):
            await self.forms.serve(exchange)
        else:
            await self.pages.serve(exchange)
