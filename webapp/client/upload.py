"""Sending a file by tus 1.0: in pieces, each with its checksum, and going on where it was interrupted.

The address of an unfinished upload is kept beside the credentials, under a fingerprint of the file, so
that the same command resumes it, also on another day.
"""

import base64
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from webapp.client import credentials
from webapp.client.connection import TRIES, Connection, checked, pause_s
from webapp.client.errors import ClientError, Exit

PIECE_BYTES = 8 * 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}
GONE = (404, 410)
BUSY = 423
# Worth asking for the offset and sending again: another offset, another writer, damaged on the way.
MENDABLE = (409, BUSY, 460)
Progress = Callable[[int, int], None]


def send(connection: Connection, path: Path, progress: Progress, kind: str = "submission") -> str:
    """Upload a file, or the rest of it; returns the upload's id. `progress` hears (bytes sent, all)."""
    memory = _memory(connection, path, kind)
    length = path.stat().st_size
    resumed = _resumed(connection, memory, length)
    upload, offset = resumed or (_created(connection, path, length, memory, kind), 0)
    tries = 0
    with path.open("rb") as file:
        while offset < length:
            progress(offset, length)
            reached = _advance(connection, upload, file, offset, tries)
            tries = tries + 1 if reached == offset else 0
            offset = reached
    progress(length, length)
    return upload


def forget(connection: Connection, path: Path, kind: str = "submission") -> None:
    """Once it is submitted, the upload is of no more use."""
    _memory(connection, path, kind).unlink(missing_ok=True)


def _memory(connection: Connection, path: Path, kind: str) -> Path:
    """Return the file that keeps the upload id of this very file on this very server."""
    stat = path.stat()
    identity = f"{connection.server}\n{path.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"
    identity += f"\n{connection.http.headers.get('Authorization', '')}\n{kind}"
    return credentials.folder() / "uploads" / hashlib.sha256(identity.encode()).hexdigest()


def _resumed(connection: Connection, memory: Path, length: int) -> tuple[str, int] | None:
    """The upload that was begun and the bytes it has, where the server still knows it."""
    if not memory.exists():
        return None
    upload = memory.read_text()
    state = _state(connection, upload)
    if state is not None and int(state["Upload-Length"]) == length:
        return upload, int(state["Upload-Offset"])
    memory.unlink(missing_ok=True)
    return None


def _state(connection: Connection, upload: str) -> httpx.Headers | None:
    """Return the server's state of an upload; None where the server does not know it any more."""
    for tries in range(TRIES):
        response = connection.ask("HEAD", f"/uploads/{upload}", headers=TUS)
        if response.status_code in GONE:
            return None
        if response.status_code != BUSY:
            break
        time.sleep(pause_s(tries))  # a former connection of ours is not closed yet
    return checked(response).headers


def _created(connection: Connection, path: Path, length: int, memory: Path, kind: str) -> str:
    pairs = {"filename": path.name, "kind": kind}
    metadata = ",".join(f"{key} {_base64(text)}" for key, text in pairs.items())
    headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata}
    response = connection.call("POST", "/uploads", headers=headers)
    # Only the id counts: behind a proxy, a server may not know its own address.
    upload: str = httpx.URL(response.headers["Location"]).path.rpartition("/")[2]
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory.write_text(upload)
    return upload


def _base64(text: str) -> str:
    return base64.b64encode(text.encode(errors="replace")).decode()


def _advance(connection: Connection, upload: str, file: BinaryIO, offset: int, tries: int) -> int:
    """Send one piece; returns the offset that the upload has then."""
    file.seek(offset)
    piece = file.read(PIECE_BYTES)
    digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = TUS | {
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {digest}",
        "Content-Type": "application/offset+octet-stream",
    }
    try:
        response = connection.http.patch(f"/uploads/{upload}", content=piece, headers=headers)
    except httpx.TransportError as error:
        if tries + 1 >= TRIES:
            raise connection.unreachable(error) from error
    else:
        if response.is_success:
            return int(response.headers["Upload-Offset"])
        if (response.status_code not in MENDABLE and response.status_code < 500) or tries + 1 >= TRIES:
            checked(response)
    time.sleep(pause_s(tries))
    state = _state(connection, upload)
    if state is None:
        raise ClientError("The server has dropped this upload. Run the command again.", Exit.UNREACHABLE)
    return int(state["Upload-Offset"])
