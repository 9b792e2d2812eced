"""The servers that `make up` brings along, PostgreSQL and Valkey, and where they are found.

The addresses follow from the folder alone, so that every command finds running servers by itself.
Nothing in this file starts a process; servers.py does.
"""

import hashlib
import os
import secrets
from pathlib import Path

ROLE = DATABASE = "dvis_bench"


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


def secret_key(var: Path) -> str:
    """The site's secret key, made on first use in `var/secret_key`, readable by its owner alone."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"secret_key.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            path.hardlink_to(draft)  # unlike a rename, leaves the key of a faster process in place
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
