"""The last of `manage.py up` to go: when the supervisor is killed, no process of the site outlives it long.

The kernel tells every process of the supervisor's death by a signal that asks it to end. Some take their
time, or wait for a child that does not hear: so one process watches, and ends what is left. The next
`manage.py up` ends this process before anything else, so it never meets the processes of another start.

python -m webapp.embedded.guard VAR PID-OF-THE-SUPERVISOR
"""

import os
import signal
import sys
import time
from pathlib import Path

from webapp.embedded import postgres, processes, valkey

LOOK_S = 0.5


def main(var: Path, supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(LOOK_S)
    # PostgreSQL loses nothing when it is killed, but starts faster next time when it has ended by itself.
    for seconds, number in ((4.0, signal.SIGQUIT), (2.0, signal.SIGKILL)):
        deadline = time.monotonic() + seconds
        while (pids := _living(var)) and time.monotonic() < deadline:
            time.sleep(LOOK_S / 5)
        processes.signal_all(pids, number)


def _living(var: Path) -> list[int]:
    return [*processes.leftovers(var), *postgres.running(var), *valkey.running(var)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
