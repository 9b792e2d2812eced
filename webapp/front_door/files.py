"""The door to static files: the loop sends them, compressed, or in ranges where a browser asks for one."""

import mimetypes
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles import finders
from django.utils.http import parse_etags

from webapp.front_door.exchange import Exchange, Headers
from webapp.rest.ranges import span_of

# In the order in which they are preferred: by the ending of the variant's name.
ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
FOR_A_YEAR: Final = b"public, max-age=31536000, immutable"
FOR_A_MINUTE: Final = b"public, max-age=60"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file to send, and how: `variants` are compressed forms of it, by encoding."""

    path: Path
    etag: str
    content_type: str
    cache_control: bytes
    variants: dict[str, Path]


class StaticFiles:
    """Knows every file below a folder from the start, so that no name can lead elsewhere.

    Args:
        root: the folder.
        hashed: names of files that never change.
    """

    def __init__(self, root: Path, hashed: set[str]) -> None:
        files = (path for path in root.rglob("*") if path.is_file() and path.suffix not in ENCODINGS.values())
        names = ((path, path.relative_to(root).as_posix()) for path in files)
        self._files = {name: _static_file(path, is_hashed=name in hashed) for path, name in names}

    def find(self, exchange: Exchange) -> StaticFile | None:
        """Return the file that is asked for."""
        name = unquote(exchange.path.decode("latin-1")).removeprefix(f"/{settings.STATIC_URL.strip('/')}/")
        found = self._files.get(name)
        if settings.DEBUG and (found is None or found.cache_control == FOR_A_MINUTE):
            source = finders.find(name)  # as it is at this moment
            return _static_file(Path(source)) if source else None
        return found

    async def serve(self, exchange: Exchange, file: StaticFile) -> None:
        """Send a file, or what of it is asked for."""
        headers: Headers = [
            (b"content-type", file.content_type.encode()),
            (b"cache-control", file.cache_control),
            (b"etag", file.etag.encode()),
            (b"vary", b"Accept-Encoding"),
            (b"accept-ranges", b"bytes"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if exchange.method not in ("GET", "HEAD"):
            await exchange.answer(405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0")], b"", 0)
            return
        if _is_known(exchange, file):
            await exchange.answer(304, headers, b"", 0)
            return
        asked = b"" if b"if-range" in exchange.headers else exchange.headers.get(b"range", b"")
        encoding = "" if asked else _encoding(exchange, file)
        with (file.variants[encoding] if encoding else file.path).open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            span = span_of(asked.decode("latin-1"), size)
            if encoding:
                headers.append((b"content-encoding", encoding.encode()))
            if content_range := span.content_range(size):
                headers.append((b"content-range", content_range.encode()))
            headers.append((b"content-length", str(span.length).encode()))
            opened.seek(span.first)
            await exchange.answer(span.status, headers, opened, span.length)


def _static_file(path: Path, *, is_hashed: bool = False) -> StaticFile:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind in ("application/json", "application/javascript")
    found = path.stat()
    variants = {encoding: path.with_name(path.name + ending) for encoding, ending in ENCODINGS.items()}
    return StaticFile(
        path=path,
        etag=f'"{found.st_mtime_ns:x}-{found.st_size:x}"',
        content_type=f"{kind}; charset=utf-8" if is_text else kind,
        cache_control=FOR_A_YEAR if is_hashed else FOR_A_MINUTE,
        variants={encoding: variant for encoding, variant in variants.items() if variant.exists()},
    )


def _is_known(exchange: Exchange, file: StaticFile) -> bool:
    etags = parse_etags(exchange.headers.get(b"if-none-match", b"").decode("latin-1"))
    return "*" in etags or file.etag in (etag.removeprefix("W/") for etag in etags)


def _encoding(exchange: Exchange, file: StaticFile) -> str:
    """Return the best encoding that both sides have; "" for none."""
    accepted = set()
    for item in exchange.headers.get(b"accept-encoding", b"").decode("latin-1").lower().split(","):
        name, _, weight = item.partition(";")
        if not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight):
            accepted.add(name.strip())
    return next((encoding for encoding in file.variants if encoding in accepted), "")
