"""The keys that receipts are signed with, in VAR/signing_keys.json, which only its owner may read.

The latest key signs. The private part of a key is forgotten when another takes its place; its public part
stays, so that receipts signed with it can be checked for ever. SIGNING_KEY in the environment takes the place
of the key in the file, where several machines serve one site.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from evaluator.receipts import key_id
from webapp.embedded import write_private
from webapp.refusal import Refused


class KeyIsConfigured(Exception):
    """The key comes from the environment: only there can it be changed."""


class KeysUnreadable(Refused):
    """The file of the keys is damaged. No new key is made by itself: a backup may still have the old ones."""

    def __init__(self) -> None:
        super().__init__(
            "signing-keys-unreadable",
            f"The keys that receipts are signed with cannot be read: {_path().name} is damaged.",
            "The operators put the file back from a backup, or move it away, and then a new key is made.",
            status=503,
        )


@dataclass(frozen=True, slots=True)
class Key:
    """One key; texts are hexadecimal, times ISO 8601 in UTC, empty while it signs."""

    public_key: str
    private_key: str
    created_at: str
    retired_at: str = ""

    @property
    def key_id(self) -> str:
        return key_id(bytes.fromhex(self.public_key))

    def sign(self, text: bytes) -> str:
        """Return the Ed25519 signature, 64 bytes in hexadecimal."""
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.private_key)).sign(text).hex()


def signing_key() -> Key:
    """The key that signs now, made on first use."""
    private = settings.SIGNING_KEY
    key = _current(_read(), private)
    if key is None:
        with _locked():
            keys = _read()
            key = _current(keys, private) or _appended(keys, private)
    return replace(key, private_key=private) if private else key


def all_keys() -> list[Key]:
    """Every key that ever signed here, the present one first."""
    signing_key()
    return sorted(_read(), key=lambda key: (key.retired_at == "", key.created_at), reverse=True)


def keys_check() -> None:
    """Raise KeysUnreadable where no receipt could be signed. Makes no key."""
    _read()


def key_rotate() -> Key:
    """Make a new key, which signs from now on. Raises KeyIsConfigured."""
    if settings.SIGNING_KEY:
        raise KeyIsConfigured
    with _locked():
        return _appended(_read(), "")


def _current(keys: list[Key], private: str) -> Key | None:
    """The key in the file that signs, if it is the configured one where there is one."""
    key = next((key for key in keys if not key.retired_at), None)
    if key is None:
        return None
    if private:
        return key if key.public_key == _public(private) else None
    return key if key.private_key else None  # otherwise SIGNING_KEY was taken away


def _appended(keys: list[Key], private: str) -> Key:
    """Add a key, the given one or a new one, and retire the others; one that is configured is not kept."""
    now = timezone.now().isoformat(timespec="seconds")
    made = "" if private else Ed25519PrivateKey.generate().private_bytes_raw().hex()
    public = _public(private or made)
    key = Key(public_key=public, private_key=made, created_at=now)
    older = [
        replace(old, private_key="", retired_at=old.retired_at or now)
        for old in keys
        if old.public_key != public  # set back to one that signed before
    ]
    _write([*older, key])
    return key


def _public(private: str) -> str:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key().public_bytes_raw().hex()


def _path() -> Path:
    return Path(settings.VAR, "signing_keys.json")


def _read() -> list[Key]:
    """Raise KeysUnreadable where the file is there, but is not what we wrote."""
    try:
        keys = [Key(**key) for key in json.loads(_path().read_bytes())]
        if not all(map(_is_whole, keys)):
            raise ValueError("a private key does not belong to its public key")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise KeysUnreadable from error
    return keys


def _is_whole(key: Key) -> bool:
    """Return whether the parts of a key belong together. Raises ValueError, TypeError for other texts."""
    return bool(key.key_id) and (not key.private_key or _public(key.private_key) == key.public_key)


def _write(keys: list[Key]) -> None:
    """Put the file in place in one step: whoever reads meanwhile has the former one."""
    write_private(_path(), json.dumps([asdict(key) for key in keys], indent=1))


@contextmanager
def _locked() -> Iterator[None]:
    """One writer at a time; the kernel drops the lock with the process that held it."""
    with _path().with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
