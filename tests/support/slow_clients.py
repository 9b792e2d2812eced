"""Clients that are slow, in a process of their own, and how the site answers others meanwhile.

`python -m tests.support.slow_clients URL FILE KINDS COUNT SECONDS TOKENS` opens COUNT connections of each of
KINDS and prints as JSON how many of each have ended, and after how many seconds the last of them.
"""

import asyncio
import itertools
import json
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]
PAUSE_S = 2.0
PROBE_S = 5.0
QUIET_S = 3.0
UPLOAD_BYTES = 2_000_000
UPLOAD_BYTES_PER_S = 200_000
TUS = "Tus-Resumable: 1.0.0\r\n"
Ends = list[float]


@dataclass(frozen=True)
class Target:
    """Where the slow clients go: a file to read slowly, and tokens to upload with, by turns."""

    host: str
    port: int
    file: str
    tokens: Iterator[str]
    uploads: Iterator[tuple[str, str]]

    async def connect(self, *, window: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection; with a `window`, so many bytes at a time are taken, here and by the kernel."""
        client = socket.socket()
        client.setblocking(False)
        if window:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        try:
            await asyncio.get_running_loop().sock_connect(client, (self.host, self.port))
        except OSError as error:
            raise RuntimeError("nobody listens, or connections are refused") from error
        return await asyncio.open_connection(sock=client, limit=window or 65536)

    async def new_upload(self, length: int) -> tuple[str, str]:
        """Announce an upload; return its path and its owner's token."""
        token = next(self.tokens)
        reader, writer = await self.connect()
        writer.write(
            f"POST /api/v1/uploads HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {token}\r\n{TUS}"
            f"Upload-Length: {length}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        answer = (await reader.read()).decode()
        writer.close()
        location = next(line for line in answer.split("\r\n") if line.lower().startswith("location:"))
        return urlsplit(location.split(" ", 1)[1]).path, token

    def patch(self, path: str, token: str, length: int) -> bytes:
        return (
            f"PATCH {path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {token}\r\n{TUS}"
            f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()


async def _until_ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Send a piece every two seconds until the server ends the connection."""
    end = asyncio.ensure_future(reader.read())
    while not (await asyncio.wait([end], timeout=PAUSE_S))[0]:
        writer.write(piece)
    with suppress(OSError):
        end.result()


async def slow_headers(target: Target) -> None:
    reader, writer = await target.connect()
    writer.write(f"GET / HTTP/1.1\r\nHost: {target.host}\r\n".encode())
    await _until_ended(reader, writer, b"X-More: 1\r\n")


async def slow_bodies(target: Target) -> None:
    reader, writer = await target.connect()
    head = f"POST /accounts/login/ HTTP/1.1\r\nHost: {target.host}\r\nContent-Length: 100000\r\n\r\n"
    writer.write(head.encode())
    await _until_ended(reader, writer, b"x")


async def slow_uploads(target: Target) -> None:
    path, token = next(target.uploads)
    reader, writer = await target.connect()
    writer.write(target.patch(path, token, UPLOAD_BYTES))
    await _until_ended(reader, writer, b"x")


async def slow_readers(target: Target) -> None:
    # A small window makes the kernel acknowledge a little now and then: the connection is never quite still.
    reader, writer = await target.connect(window=1024)
    writer.write(f"GET {target.file} HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode())
    while await reader.read(512):
        await asyncio.sleep(PAUSE_S)


async def honest_uploads(target: Target) -> None:
    """Send 2 MB at 200 kB/s. Raises where it is not taken."""
    path, token = next(target.uploads)
    reader, writer = await target.connect()
    writer.write(target.patch(path, token, UPLOAD_BYTES))
    piece = bytes(UPLOAD_BYTES_PER_S // 10)
    begin = time.monotonic()
    for number in range(UPLOAD_BYTES // len(piece)):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(max(0.0, begin + (number + 1) / 10 - time.monotonic()))
    answer = await reader.readline()
    if b" 204 " not in answer:
        raise RuntimeError(f"an honest upload was answered {answer!r}")
    writer.close()


SLOW: dict[str, Callable[[Target], Awaitable[None]]] = {
    "headers": slow_headers,
    "bodies": slow_bodies,
    "uploads": slow_uploads,
    "readers": slow_readers,
}
KINDS = {**SLOW, "honest": honest_uploads}
UPLOADING = ("uploads", "honest")


async def run(target: Target, kinds: list[str], count: int, seconds: float) -> dict[str, dict[str, float]]:
    """Open `count` connections of each kind for so many seconds; how many ended, and the last one when."""
    uploads = [
        await target.new_upload(UPLOAD_BYTES) for kind in kinds if kind in UPLOADING for _ in range(count)
    ]
    target = replace(target, uploads=iter(uploads))
    print("ready", flush=True)
    ends: dict[str, Ends] = {kind: [] for kind in kinds}
    faults: list[str] = []

    async def one(kind: str) -> None:
        begin = time.monotonic()
        try:
            await KINDS[kind](target)
        except OSError:
            pass  # a reset ends it, too
        except Exception as error:
            faults.append(f"{kind}: {error!r}")
            return
        ends[kind].append(time.monotonic() - begin)

    tasks = [asyncio.create_task(one(kind)) for _ in range(count) for kind in kinds]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    found = {kind: {"ended": len(times), "last": max(times, default=0.0)} for kind, times in ends.items()}
    if faults:
        raise RuntimeError(f"{len(faults)} faults, such as {faults[0]}")
    return found


@dataclass(frozen=True)
class Attack:
    """p95 of a page in seconds, before and beside slow clients, and what became of the clients."""

    quiet: float
    meanwhile: float
    ended: dict[str, dict[str, float]]


def attack(url: str, file: str, tokens: list[str], *, kinds: str, count: int, seconds: float) -> Attack:
    """Ask for the home page ten times per second, alone and then beside slow clients."""
    quiet = _p95(url, QUIET_S, Thread())
    if quiet >= PROBE_S:
        raise RuntimeError(f"{url} does not answer")
    command = [sys.executable, "-m", "tests.support.slow_clients", url, file, kinds, str(count), str(seconds)]
    process = subprocess.Popen([*command, ",".join(tokens)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    ended: list[str] = []
    assert process.stdout
    if process.stdout.readline() != "ready\n":
        raise RuntimeError("the slow clients cannot announce their uploads")
    reading = Thread(target=lambda: ended.append(process.communicate()[0]))
    reading.start()
    meanwhile = _p95(url, seconds, reading)
    reading.join()
    if process.returncode:
        raise RuntimeError(f"the slow clients failed: exit status {process.returncode}")
    return Attack(quiet, meanwhile, json.loads(ended[0]))


def _p95(url: str, seconds: float, other: Thread) -> float:
    times = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline or other.is_alive():
        begin = time.monotonic()
        try:
            httpx.get(f"{url}/", timeout=PROBE_S).raise_for_status()
            times.append(time.monotonic() - begin)
        except httpx.TransportError:
            times.append(PROBE_S)
        time.sleep(max(0.0, begin + 0.1 - time.monotonic()))
    return statistics.quantiles(times, n=20)[-1]


def main() -> None:
    url, file, kinds, count, seconds, tokens = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    target = Target(address.hostname, address.port, file, itertools.cycle(tokens.split(",")), iter(()))
    print(json.dumps(asyncio.run(run(target, kinds.split(","), int(count), float(seconds)))))


if __name__ == "__main__":
    main()
