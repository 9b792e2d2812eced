"""The database's own tools, in the version that fits the server, on the site's database."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from psycopg.conninfo import make_conninfo

from webapp.backup.manifest import BackupError, Say
from webapp.embedded import EmbeddedError, postgres, servers
from webapp.embedded.lock import only_one
from webapp.embedded.supervisor import Supervisor

# What of Django's options is libpq's own.
_OPTIONS = ("host", "port", "options", "service", "passfile", "target_session_attrs")


@contextmanager
def running(say: Say) -> Iterator[None]:
    """Have the database there: as it is, or the embedded one started for as long as it is needed."""
    try:
        if settings.DATABASE_URL or postgres.ready(settings.VAR):
            connection.ensure_connection()
            yield
            return
        supervisor = Supervisor(say)
        with only_one(settings.VAR, "a backup or its restoration"):
            try:
                servers.start_postgres(supervisor, settings.VAR)
                yield
            finally:
                connection.close()
                supervisor.stop()
    except EmbeddedError as problem:
        raise BackupError(str(problem)) from problem
    except OperationalError as problem:
        raise BackupError(f"The database does not answer: {problem}") from problem


def server_version() -> int:
    """The major version of the server."""
    connection.ensure_connection()
    return int(connection.connection.info.server_version) // 10000


def dump(target: Path, snapshot: str) -> int:
    """Write what a transaction sees that exported this snapshot; the version of the tool that did it."""
    version, tool = postgres.tool("pg_dump", server_version())
    target.touch(mode=0o600)
    _run(
        tool, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"
    )
    return version


def is_empty() -> bool:
    return connection.introspection.table_names() == []


def load(source: Path, version: int) -> None:
    """Fill an empty database from a dump that this version of the tools wrote: all of it, or nothing."""
    _, tool = postgres.tool("pg_restore", version)
    _run(tool, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(source))


def check(source: Path, version: int) -> None:
    """Raise BackupError where the dump cannot be read back."""
    _, tool = postgres.tool("pg_restore", version)
    _call([str(tool), "--file=/dev/null", str(source)], dict(os.environ))


def _run(tool: Path, *arguments: str) -> None:
    found = settings.DATABASES["default"]
    names = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}
    where: dict[str, Any] = {name: found[key] for key, name in names.items() if found.get(key)}
    options = found.get("OPTIONS", {})
    where |= {name: value for name, value in options.items() if name in _OPTIONS or name.startswith("ssl")}
    # A password among the arguments could be read by everybody on this machine.
    environment = {**os.environ, **({"PGPASSWORD": found["PASSWORD"]} if found.get("PASSWORD") else {})}
    _call([str(tool), f"--dbname={make_conninfo(**where)}", *arguments], environment)


def _call(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BackupError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-1000:]}")
