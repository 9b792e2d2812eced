"""The disk that everything is written to: how much room is left, and who may still take some of it.

Uploads leave a reserve (DISK_RESERVE_PERCENT) to the database, the logs and the jobs. Where that is used up,
too, nothing new is taken and no job is begun; pages go on, and so does everything else once there is room.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from webapp.refusal import Refused

# With less than this, or a hundredth of a small disk, a result or a row may find no room.
FULL_BYTES = 64 * 1024**2
POSTGRES_DISK_FULL = "53100"


class DiskFull(Refused):
    """There is no room on the server's disk."""

    def __init__(self) -> None:
        super().__init__(
            "disk-full",
            "The server's disk has no room for this. What has arrived is kept.",
            "Try again later and tell the people who run this server.",
            status=507,
        )


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes of the disk below the uploads; `for_uploads` are those that uploads may take."""

    total: int
    free: int

    @property
    def for_uploads(self) -> int:
        return max(0, self.free - int(self.total * settings.DISK_RESERVE_PERCENT / 100))

    @property
    def state(self) -> str:
        """`full`: nothing new is taken; `low`: no upload is; `ok`."""
        if self.free < min(FULL_BYTES, self.total // 100):
            return "full"
        return "ok" if self.for_uploads else "low"


def room() -> Room:
    """The room as of now."""
    found = os.statvfs(settings.UPLOAD_ROOT)
    return Room(total=found.f_blocks * found.f_frsize, free=found.f_bavail * found.f_frsize)


def check_not_full() -> None:
    """Raise DiskFull where something new could not be worked on."""
    if room().state == "full":
        raise DiskFull


def check_reserve() -> None:
    """Raise DiskFull where no upload may take any more."""
    if room().state != "ok":
        raise DiskFull


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that a disk is full: ours, or the database's."""
    return any(
        getattr(cause, "sqlstate", None) == POSTGRES_DISK_FULL
        or (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT))
        or isinstance(cause, DiskFull)
        for cause in causes(error)
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it was raised from."""
    while error:
        yield error
        error = error.__cause__ or error.__context__
