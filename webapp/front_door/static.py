"""Static files: under names that hold a hash of their content, compressed once, in STATIC_ROOT."""

import fcntl
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import brotli
import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.management import call_command

TEXTS: Final = (".css", ".js", ".mjs", ".svg", ".json", ".txt", ".html")
# What is smaller fits one packet anyway.
COMPRESSED_FROM_BYTES: Final = 1024
# The best quality of brotli takes a second for each 400 kB, and saves a tenth.
BEST_UP_TO_BYTES: Final = 50_000
_SOURCES: Final = "sources.sha256"
_IMPORT: Final = r"""(?P<matched>(?P<word>\bfrom |\bimport |\bimport\()"(?P<url>\./[\w/]+\.js)")"""


class HashedStorage(ManifestStaticFilesStorage):
    """Django's storage with hashed names, also in imports of modules; beside NAME lie NAME.gz and NAME.br."""

    # Our own modules alone: in other people's scripts, whatever looks like an import may be a comment.
    patterns = (
        *ManifestStaticFilesStorage.patterns,
        ("webapp/js/*.js", ((_IMPORT, '%(word)s"%(url)s"'),)),
    )

    def post_process(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        yield from super().post_process(*args, **kwargs)
        for name in set(self.hashed_files.values()):
            _compress(Path(self.path(name)))
        Path(self.path(_SOURCES)).write_text(_digest_of_sources())


def _compress(path: Path) -> None:
    data = path.read_bytes()
    if path.suffix in TEXTS and len(data) >= COMPRESSED_FROM_BYTES:
        quality = 11 if len(data) <= BEST_UP_TO_BYTES else 9
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data, mtime=0))
        path.with_name(f"{path.name}.br").write_bytes(brotli.compress(data, quality=quality))


def static_prepare() -> None:
    """Bring STATIC_ROOT up to date with the sources; where it is already, that takes a moment."""
    root = Path(settings.STATIC_ROOT)
    wanted = _digest_of_sources()
    if _digest_in(root) == wanted:
        return
    root.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _digest_in(root) != wanted:
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)


def hashed_names() -> set[str]:
    """Return the names below STATIC_ROOT whose content never changes."""
    if not isinstance(staticfiles_storage, HashedStorage):
        return set()
    return set(json.loads(Path(staticfiles_storage.path("staticfiles.json")).read_text())["paths"].values())


def _digest_in(root: Path) -> str:
    try:
        return (root / _SOURCES).read_text()
    except FileNotFoundError:
        return ""


def _digest_of_sources() -> str:
    """Return a hash of every static file's name and content, and of how they are stored."""
    digest = hashlib.sha256(django.__version__.encode() + Path(__file__).read_bytes())
    for finder in get_finders():
        for name, storage in finder.list(()):
            with storage.open(name) as file:
                digest.update(b"%s\0%s" % (name.encode(), hashlib.sha256(file.read()).digest()))
    return digest.hexdigest()
