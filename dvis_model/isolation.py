"""Locks the process it runs in: no files, no network, no other programs. For reading what strangers wrote.

On Linux the kernel's seccomp filter allows a short list of calls, on what is already open, and refuses all
others. Elsewhere only Python's audit hook is left, which C code does not ask; `lock_down` says what it could
do.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct
import sys
from typing import Any, Final

# The calls that stay allowed: their numbers on x86-64 and on AArch64.
ALLOWED: Final = {
    "read": (0, 63),
    "write": (1, 64),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "fcntl": (72, 25),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "rseq": (334, 293),
    "set_robust_list": (273, 99),
    "membarrier": (324, 283),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "tgkill": (234, 131),
}
# Machine: column of the table, and the kernel's name of the architecture.
MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000  # REFUSE: the call fails with EPERM
SYSCALL_OFFSET, ARCHITECTURE_OFFSET = 0, 4
FORBIDDEN_EVENTS: Final = ("socket.", "subprocess.", "os.", "ctypes.", "shutil.", "pty.")


def lock_down(*, memory_bytes: int, file_bytes: int, cpu_seconds: int) -> list[str]:
    """Lock this process for good and return what holds it: "rlimits", "audit hook", "seccomp".

    Everything needed must be imported and opened before.

    Args:
        memory_bytes: that may be allocated on top of what is.
        file_bytes: of the largest file that may be written.
        cpu_seconds: after which the process is killed.
    """
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_AS: _address_space() + memory_bytes,
    }
    for limit, most in limits.items():
        _, hard = resource.getrlimit(limit)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))
    held = ["rlimits"]
    if _install_seccomp():
        held.append("seccomp")
    sys.addaudithook(_refuse)
    return [*held, "audit hook"]


def _address_space() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - nothing to import later
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 2**40


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what no reader of data does. Files that are open already have numbers for names."""
    if event.startswith(FORBIDDEN_EVENTS) or (event == "open" and not isinstance(arguments[0], int)):
        raise PermissionError(f"refused while reading a checkpoint: {event}")


def _install_seccomp() -> bool:
    """Have the kernel refuse every call that is not in ALLOWED; False where it cannot."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return False
    column, architecture = MACHINES[platform.machine()]
    numbers = [both[column] for both in ALLOWED.values()]
    program = [
        (LOAD_WORD, 0, 0, ARCHITECTURE_OFFSET),
        (JUMP_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD_WORD, 0, 0, SYSCALL_OFFSET),
        *((JUMP_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) == 0)
