"""`manage.py up`: the whole product on this machine, until Ctrl-C."""

import errno
import http.client
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from signal import SIGTERM
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from webapp.accounts.models import User
from webapp.blobs import disk
from webapp.demo.accounts import demo_accounts_close
from webapp.embedded import EmbeddedError, copy_mark, processes, programs, servers
from webapp.embedded.lock import only_one
from webapp.embedded.logs import rotate_logs
from webapp.embedded.private import close_to_others
from webapp.embedded.processes import Program
from webapp.embedded.supervisor import Stopped, Supervisor
from webapp.receipts.keys import KeysUnreadable, keys_check
from webapp.settings import is_demo_site

HOME_PAGE_S = 60.0
DISK_SENTENCES = {
    "ok": "There is room on the disk: uploads are taken, and what waits goes on",
    "low": "The disk is nearly full: no upload is taken until there is room beyond DISK_RESERVE_PERCENT",
    "full": "The disk is full: uploads and submissions are refused, and jobs wait, until there is room",
}


class Command(BaseCommand):
    help = (
        "Start everything: servers, site and workers, and on a demo site (docs/deploy.md) the demo. "
        "Ctrl-C or SIGTERM stops all of it."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default=settings.LISTEN, help="address to listen on (default %(default)s)"
        )
        parser.add_argument("--port", type=int, default=settings.PORT, help="port (default %(default)s)")
        parser.add_argument("--no-demo", action="store_true", help="start without loading the demo benchmark")

    def handle(self, *, host: str, port: int, no_demo: bool, **options: Any) -> None:
        chores = (partial(rotate_logs, settings.VAR / "log"), DiskWatch(self._say).look)
        os.environ["LISTEN"] = host  # the processes of the site ask whether it is for this machine alone
        settings.DEMO_SITE = is_demo_site(host)
        supervisor = Supervisor(self._say, chores)
        supervisor.stop_on_signals()
        address = f"http://{'localhost' if host in ('127.0.0.1', '::1') else host}:{port}"
        try:
            with ExitStack() as stack:
                stack.enter_context(only_one(settings.VAR, address))
                listener = stack.enter_context(_listen(host, port))
                stack.callback(supervisor.stop)
                self._start(supervisor, listener, address, with_demo=settings.DEMO_SITE and not no_demo)
                supervisor.watch()
        except Stopped:
            self._say("Stopped.")
        except EmbeddedError as problem:
            raise CommandError(str(problem)) from problem

    def _start(
        self, supervisor: Supervisor, listener: socket.socket, address: str, *, with_demo: bool
    ) -> None:
        var: Path = settings.VAR
        self._say(f"Starting; data and logs are in {var}")
        close_to_others(var)
        processes.end(processes.leftovers(var), SIGTERM, 10.0)
        supervisor.start(programs.guard(var))
        self._check_keys()
        if not settings.DATABASE_URL:
            servers.start_postgres(supervisor, var)
        if not settings.REDIS_URL:
            servers.start_valkey(supervisor, var)
        # In a database of our own, a table without its migration's record is of a start that was killed, by a
        # version that could not yet be killed there.
        own = () if settings.DATABASE_URL else ("--fake-initial",)
        self._run(supervisor, programs.manage(var, "migrate", "--no-input", *own))
        organisers = "" if settings.DEMO_SITE else self._prepare_host()
        web = supervisor.start(programs.web(var, listener.fileno()))
        if not supervisor.wait(web, partial(answers, listener), HOME_PAGE_S):
            raise CommandError(f"The home page does not answer: see the end of {web.program.log}.")
        # After the site, which people wait for: together they would start more slowly.
        supervisor.start(programs.worker(var, settings.EVALUATE_WORKERS))
        if settings.MODEL_WORKERS and find_spec("torch") is None:
            self._say("No model worker: torch is not installed. `pip install -e '.[model]'` brings it.")
        elif settings.MODEL_WORKERS:
            supervisor.start(programs.model_worker(var, settings.MODEL_WORKERS))
        supervisor.start(programs.housekeeper(var))
        supervisor.start(programs.beat(var))
        if with_demo:
            self._say(
                f"The site answers on {address}; the demo comes next, the first time in a minute or two."
            )
        log_ins = self._run(supervisor, programs.manage(var, "load_demo")) if with_demo else ""
        self._say(
            f"\nDVIS-Bench is ready on {address}\n{log_ins}{organisers}{_mail_file(var)}Ctrl-C stops it."
        )
        if copy_mark(var).exists():
            self._say("This is a restored copy: it sends no mail until `manage.py restore --live`.")

    def _prepare_host(self) -> str:
        """Close the demo's accounts before anybody can ask for them; return what its operator has to do."""
        closed = demo_accounts_close()
        has_organiser = User.objects.filter(is_superuser=True, is_active=True).exists()
        connection.close()  # the supervisor needs none
        if closed:
            self._say(closed)
        return (
            ""
            if has_organiser
            else "No organiser yet: `python manage.py createsuperuser` makes the first one.\n"
        )

    def _check_keys(self) -> None:
        """Receipts wait for keys that can be read; the rest of the site does not."""
        try:
            keys_check()
        except KeysUnreadable as refused:
            self._say(f"{refused.message} {refused.hint} Until then no receipt is given out.")

    def _run(self, supervisor: Supervisor, program: Program) -> str:
        """Run a command to its end; what it printed."""
        output = program.log.with_suffix(".out")
        if supervisor.run(replace(program, output=output)) != 0:
            raise CommandError(f"`manage.py {program.name}` failed: see the end of {program.log}.")
        return output.read_text(errors="replace")

    def _say(self, line: str) -> None:
        with suppress(OSError):  # it goes to a file, and the disk is full
            self.stdout.write(line)
            self.stdout.flush()


class DiskWatch:
    """Tells the operator when the disk fills up, and when there is room again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._state = say, "ok"

    def look(self) -> None:
        now = disk.room()
        if now.state != self._state:
            self._state = now.state
            left = f"{now.free / 1024**3:.1f} of {now.total / 1024**3:.1f} GiB are free"
            self._say(f"{DISK_SENTENCES[now.state]} ({settings.VAR}: {left}).")


def _mail_file(var: Path) -> str:
    """Name the file that keeps mails while no mail server is set; links to new passwords are in it."""
    if not settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return ""
    return f"Mails (such as new passwords) are written to {var / 'log' / 'web.log'}\n"


def _listen(host: str, port: int) -> socket.socket:
    """The socket that the site will answer on, bound before anything is started. Raises CommandError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OverflowError as problem:
        raise CommandError(
            f"{port} is not a port: choose one from 1024 to 65535, as in PORT=8001 make up."
        ) from problem
    except OSError as problem:
        reason = {
            errno.EADDRINUSE: f"Port {port} is in use by another program",
            errno.EACCES: f"Port {port} is reserved for root",
        }.get(problem.errno or 0, f"{host} port {port} cannot be listened on ({problem.strerror})")
        raise CommandError(f"{reason}: choose another, as in PORT=8001 make up.") from problem


def answers(listener: socket.socket) -> bool:
    """Return whether the home page comes. A redirect or a refusal of our host name is an answer, too."""
    host, port = listener.getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(local, port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()
