"""The servers that `make up` brings along, PostgreSQL and Valkey, and where they are found.

The addresses follow from the folder alone, so that every command finds running servers by itself.
Nothing in this file starts a process; servers.py does.
"""

import fcntl
import hashlib
import os
import secrets
import sys
from pathlib import Path

ROLE = DATABASE = "dvis_bench"
# Characters. Ours has 67; whoever brings another knows what Django asks for.
SHORTEST_KEY = 32


class EmbeddedError(Exception):
    """A sentence for the operator: what is wrong with the embedded servers, and what to do."""


def socket_folder(var: Path) -> Path:
    """The folder of the unix sockets: short, since their paths may have 107 bytes, and `var` may be long.

    It has the same name in every shell of one user (so neither XDG_RUNTIME_DIR nor TMPDIR decides) and
    differs between users and between `var` folders.
    """
    digest = hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:16]
    return Path("/tmp", f"dvis-bench-{os.getuid()}-{digest}")


def database_url(var: Path) -> str:
    """The address of the embedded PostgreSQL that keeps its data below `var`."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={socket_folder(var)}"


def redis_url(var: Path) -> str:
    """The address of the embedded Valkey that keeps its data below `var`, as Celery writes it."""
    return f"redis+socket://{valkey_socket(var)}?virtual_host=0"


def valkey_socket(var: Path) -> Path:
    """The socket on which the embedded Valkey listens."""
    return socket_folder(var) / "valkey.sock"


def copy_mark(var: Path) -> Path:
    """A file that is there while the site is a restored copy, which sends no mail."""
    return var / "restored_copy"


def secret_key(var: Path) -> str:
    """The site's secret key, made on first use in `var/secret_key`, readable by its owner alone.

    One that a power cut left empty or broken is replaced: people log in again, and nothing else is lost.
    """
    path = var / "secret_key"
    if key := _usable_key(path):
        return key
    var.mkdir(parents=True, exist_ok=True)
    folder = os.open(var, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # another process may be making it just now
        key = _usable_key(path)
        if not key:
            if path.exists():
                print(
                    f"{path} was empty or broken: a new key is made, and everybody has to log in again.",
                    file=sys.stderr,
                )
            key = secrets.token_urlsafe(50)
            write_private(path, key)
    finally:
        os.close(folder)
    return key


def _usable_key(path: Path) -> str:
    """The key in the file; empty where there is none, or none that could be a secret."""
    try:
        key = path.read_bytes().strip().decode("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return key if len(key) >= SHORTEST_KEY and key.isprintable() else ""


def write_private(path: Path, text: str) -> None:
    """Put a file in place, for its owner alone and in one step, also where the power is cut in between."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)
