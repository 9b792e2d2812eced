"""The server and token in use, and the file in which a log-in keeps them."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from webapp.client.errors import ClientError, Exit

SERVER_VARIABLE, TOKEN_VARIABLE = "DVIS_BENCH_SERVER", "DVIS_BENCH_TOKEN"


@dataclass(frozen=True, slots=True)
class Credentials:
    server: str
    token: str = ""


def folder() -> Path:
    """~/.config/dvis-bench, or where XDG_CONFIG_HOME says."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "dvis-bench"


def store(credentials: Credentials) -> Path:
    """Keep a log-in in a file that nobody else can read."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder() / "credentials"
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"server": credentials.server, "token": credentials.token}, file)
    draft.replace(path)
    return path


def stored() -> Credentials | None:
    """The log-in that was kept, or None."""
    path = folder() / "credentials"
    try:
        kept = json.loads(path.read_text())
        return Credentials(server=kept["server"], token=kept["token"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise ClientError(f"{path} cannot be read. Log in again: dvis-bench login", Exit.USAGE) from None


def resolve(server: str | None, token: str | None) -> Credentials:
    """Options go before environment variables, and these before the stored log-in.

    A stored token is sent to the server that it was stored for, and to no other.
    """
    server = server or os.environ.get(SERVER_VARIABLE)
    token = token or os.environ.get(TOKEN_VARIABLE)
    kept = stored() if not (server and token) else None
    if not server:
        if kept is None:
            raise ClientError(
                f"No server is known. Log in (dvis-bench login), or give --server URL or {SERVER_VARIABLE}.",
                Exit.USAGE,
            )
        server = kept.server
    server = tidy(server)
    if not token and kept is not None and kept.server == server:
        token = kept.token
    return Credentials(server=server, token=token or "")


def tidy(server: str) -> str:
    """A server's address as it is compared and stored."""
    server = server.strip().rstrip("/").removesuffix("/api/v1")
    return server if "://" in server else f"http://{server}"
