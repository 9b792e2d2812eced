"""`manage.py serve`: the web server alone, as `up` and the containers start it."""

import gc
import resource
import socket
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from django.template import Engine
from django.template.loader import get_template
from django.urls import get_resolver
from uvicorn import Config

from webapp.front_door.connections import (
    IDLE_BEHIND_PROXY_S,
    IDLE_S,
    Connections,
    LookingServer,
    with_limits,
)
from webapp.front_door.door import FrontDoor
from webapp.front_door.files import StaticFiles
from webapp.front_door.pages import Pages
from webapp.front_door.pair import GRACE_S, run_pair
from webapp.front_door.static import hashed_names, static_prepare

BACKLOG: Final = 4096
OPEN_FILES: Final = 65536


class Command(BaseCommand):
    help = "The web server, on an address or on a socket that the caller has opened. SIGTERM stops it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--fd", type=int, help="an open listening socket")
        where.add_argument("--bind", metavar="HOST:PORT", help="where to listen, such as 0.0.0.0:8000")

    def handle(self, *, fd: int | None, bind: str, **options: Any) -> None:
        _raise_open_files()
        listener = _listen(bind) if fd is None else socket.socket(fileno=fd)
        listener.listen(BACKLOG)
        static_prepare()
        files = StaticFiles(Path(settings.STATIC_ROOT), hashed_names())
        django = WSGIHandler()
        # All code is loaded before the processes part, so that they share its memory.
        load_all()
        connections.close_all()

        def serve(index: int, counts: "memoryview[int]") -> None:
            door = FrontDoor(Pages(django), files)
            config = Config(
                door,
                http=with_limits(Connections(counts, index)),
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=IDLE_BEHIND_PROXY_S if settings.PROXIES else IDLE_S,
                timeout_graceful_shutdown=GRACE_S,
            )
            LookingServer(config, door.uploads.look).run(sockets=[listener])
            door.uploads.close()

        run_pair(serve)


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family)


def _raise_open_files() -> None:
    """A connection is an open file, and what shells allow (1,024) is fewer than we take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def load_all() -> None:
    """Load all code, and parse our templates, for which the first reader of a page would wait."""
    get_resolver().url_patterns  # noqa: B018  a property that loads
    for folder in Engine.get_default().dirs:
        for path in Path(folder).rglob("*.html"):
            get_template(str(path.relative_to(folder)))
    gc.freeze()
