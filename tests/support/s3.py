"""A real S3 server for the tests: rclone, on a folder."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.test import override_settings

from webapp.settings import s3_storage

BUCKET = "dvis-bench"
ACCESS_KEY, SECRET_KEY = "an-access-key", "a-secret-key"


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where it answers, and the folder that holds its objects."""

    url: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a site that keeps its files here."""
        return {
            "S3_BUCKET": BUCKET,
            "S3_ENDPOINT_URL": self.url,
            "S3_ACCESS_KEY": ACCESS_KEY,
            "S3_SECRET_KEY": SECRET_KEY,
        }

    @property
    def objects(self) -> list[Path]:
        return sorted(path for path in (self.folder / BUCKET).rglob("*") if path.is_file())


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run the server with one empty bucket until the end of the block."""
    (folder / BUCKET).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = (folder / "rclone.log").open("wb")
    command = [str(Path(sys.executable).with_name("rclone")), "serve", "s3", "--config", "", "--addr"]
    process = subprocess.Popen(
        [*command, f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", str(folder)],
        stdout=log,
        stderr=log,
    )
    try:
        _wait_for(port, process)
        yield S3Server(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@contextmanager
def s3_storage_server(folder: Path) -> Iterator[S3Server]:
    """Run the server, with this process keeping its files there."""
    with s3_server(folder) as server:
        storage = s3_storage(BUCKET, server.url, ACCESS_KEY, SECRET_KEY)
        with override_settings(STORAGES={**settings.STORAGES, "default": storage}):
            yield server


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"rclone does not answer on port {port}, exit status {process.poll()}")
