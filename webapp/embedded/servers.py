"""Bringing up the embedded servers of one `var` folder under a supervisor."""

import os
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from webapp.embedded import EmbeddedError, postgres, socket_folder, valkey
from webapp.embedded.supervisor import Supervisor

START_S = 60.0


def start_postgres(supervisor: Supervisor, var: Path, options: Mapping[str, str] | None = None) -> None:
    """Start PostgreSQL and wait until it answers. `options` are settings of the server.

    Raises EmbeddedError where it does not come up.
    """
    _private_folder(socket_folder(var))
    program = postgres.prepare(var, options)
    child = supervisor.start(program)
    if not supervisor.wait(child, partial(postgres.ready, var), START_S):
        raise EmbeddedError(f"PostgreSQL did not start: see the end of {program.log}.")


def start_valkey(supervisor: Supervisor, var: Path) -> None:
    """Start Valkey and wait until it answers; with empty queues where its files cannot be read any more.

    Raises EmbeddedError where it does not come up.
    """
    _private_folder(socket_folder(var))
    for is_last in (False, True):
        program = valkey.prepare(var)
        child = supervisor.start(program)
        if supervisor.wait(child, partial(valkey.ready, var), START_S):
            return
        supervisor.forget(child)
        if is_last:
            raise EmbeddedError(f"Valkey did not start: see the end of {program.log}.")
        supervisor.say(
            f"The broker's files could not be read; they are in {valkey.set_aside(var)} now, no job is lost"
        )


def _private_folder(path: Path) -> None:
    """Make the folder of the sockets. It lies in /tmp, where anybody may have put something in its place."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise EmbeddedError(f"{path} is not a private folder of yours: remove it, then start again.")
