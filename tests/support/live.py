"""The running site on the tests' database."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import connection
from django.db.models import F

from webapp.embedded import DATABASE, database_url, programs
from webapp.embedded.supervisor import Child, Supervisor
from webapp.jobs.models import Job
from webapp.leaderboards.models import BoardColumn
from webapp.management.commands.up import answers

SETTLE_S = 60


@dataclass(frozen=True)
class LiveSite:
    """Where the site answers, and its processes."""

    url: str
    web: Child
    worker: Child

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["LiveSite"]:
        """Start all processes of the site, and stop them at the end."""
        var = settings.VAR
        name = str(connection.settings_dict["NAME"])
        environment = {
            "DATABASE_URL": database_url(var).replace(f"/{DATABASE}?", f"/{name}?"),
            "PROXIES": "1",  # nginx stands before it in some tests
        }
        supervisor = Supervisor(print)
        with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
            try:
                web = supervisor.start(programs.web(var, listener.fileno(), environment))
                worker = supervisor.start(programs.worker(var, 1, environment))
                supervisor.start(programs.housekeeper(var, environment))
                supervisor.start(programs.beat(var, environment))
                site = cls(f"http://127.0.0.1:{listener.getsockname()[1]}", web, worker)
                if not supervisor.wait(web, lambda: answers(listener), 60):
                    raise RuntimeError(f"The site does not answer:\n{site.logs()}")
                yield site
            finally:
                supervisor.stop()
                _end_sessions(name)

    def settle(self) -> None:
        """Wait until what a test has submitted is evaluated: the next one is not to meet its results."""
        deadline = time.monotonic() + SETTLE_S
        # The others wait for a worker with the model, which this site lacks.
        scoring = (Job.Kind.EVALUATE, Job.Kind.REEVALUATE)
        while time.monotonic() < deadline:
            unfinished = Job.objects.filter(status__in=Job.UNFINISHED, kind__in=scoring).exists()
            if not unfinished and not BoardColumn.objects.exclude(ranked=F("changes")).exists():
                return
            time.sleep(0.1)
        raise AssertionError(f"Not everything was scored and ranked within {SETTLE_S:.0f} s.\n{self.logs()}")

    def logs(self, lines: int = 40) -> str:
        """The last lines of each process's log, for the message of a failed test."""
        tails = []
        for path in sorted((settings.VAR / "log").glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-lines:]
            tails.append("\n".join([f"--- {path.name}", *tail]))
        return "\n".join(tails)


def _end_sessions(database: str) -> None:
    """On a busy machine, sessions of processes that were stopped may last a little longer than these."""
    with psycopg.connect(database_url(settings.VAR), autocommit=True) as postgres:
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> ALL(%s)",
            [database, [connection.connection.info.backend_pid] if connection.connection else []],
        )
