"""Running PostgreSQL as root's child: it refuses root itself.

It is given the account `nobody`, or the one that owns its data. Such an account could not even reach a
checkout below root's home (mode 0700), so it keeps one capability, CAP_DAC_OVERRIDE, which lets it open
files whatever their mode. That is less than the rest of the site has, which runs as root; nobody's modes are
changed, and no account is made.
"""

import ctypes
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from webapp.embedded import EmbeddedError

_PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _PR_SET_KEEPCAPS = 28, 47, 2, 8
_CAP_DAC_OVERRIDE = 1
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """The account that must run PostgreSQL on `data`, which may not exist yet; None for our own."""
    uid = os.getuid()
    if data.exists():
        owner = data.stat()
        if owner.st_uid == uid != 0:
            return None
        if uid == 0 and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
        raise EmbeddedError(
            f"{data} belongs to user {owner.st_uid}, but you are user {uid}: "
            "start as that user, or move the folder away."
        )
    return _unprivileged() if uid == 0 else None


def _unprivileged() -> Account:
    for name in ("nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and this machine has no account `nobody` to run it as: "
        "start as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def drop_to(account: Account, libc: ctypes.CDLL) -> None:
    """Become `account` for good, keeping CAP_DAC_OVERRIDE. Only for a fork that is about to exec."""
    # access(2) forgets capabilities without this bit; where we may not set it, the folders must be reachable.
    libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    keep = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Two blocks (capabilities 0-31, 32-63) of effective, permitted, inheritable.
    if libc.capset(header, (ctypes.c_uint32 * 6)(keep, keep, keep, 0, 0, 0)) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
    else:
        libc.capset(header, (ctypes.c_uint32 * 6)())
