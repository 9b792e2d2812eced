"""`manage.py up` as an operator runs it, with its own `var` folder."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from webapp.embedded import processes, socket_folder, valkey_socket
from webapp.embedded.postgres import data_folder

ROOT = Path(__file__).resolve().parents[2]


class Product:
    """One product, which can be started again and again on the same data.

    Args:
        var: where it keeps its data.
        environment: its settings, on top of the tests'.
    """

    def __init__(self, var: Path, environment: Mapping[str, str]) -> None:
        self.var = var
        self.log = var.parent / f"{var.name}-up.log"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "DVIS_BENCH_VAR": str(var),
            # Loading torch takes seconds that few tests need.
            "MODEL_WORKERS": "0",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        port: int,
        *options: str,
        prepare: Callable[[], None] | None = None,
        demo: tuple[str, ...] = ("--no-demo",),
    ) -> "Product":
        """Run `manage.py up` in the background; `prepare` runs in the new process first."""
        self.url = f"http://127.0.0.1:{port}"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(port), *demo, *options],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                preexec_fn=prepare,
            )
        return self

    def output(self) -> str:
        """What it has printed since its start."""
        return self.log.read_text()

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Wait until it prints `text`."""
        wait_until(lambda: text in self.output() or self._has_ended(), seconds)
        assert text in self.output(), f"{self.output()}\n{self.logs()}"

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def exit_status(self, seconds: float = 60) -> int:
        """Wait for its end."""
        assert self.process is not None
        return self.process.wait(seconds)

    def manage(self, *arguments: str) -> str:
        """Run a management command beside it; what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def pids(self) -> list[int]:
        """All its living processes but `manage.py up` itself; of PostgreSQL the first one."""
        return [
            *processes.leftovers(self.var),
            *processes.running_with("postgres", data_folder(self.var)),
            *processes.running_with("valkey-server", valkey_socket(self.var)),
        ]

    def pids_of(self, word: str) -> list[int]:
        """Its processes that have `word` in their command line, the oldest first."""
        found = [pid for pid in self.pids() if word in Path(f"/proc/{pid}/cmdline").read_text()]
        return sorted(found)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def kill_everything(self) -> None:
        """Kill the whole tree at once, as a power cut would."""
        assert self.process is not None
        for pid in [self.process.pid, *self.pids()]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def logs(self) -> str:
        """The end of every log file."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
            for path in sorted(self.var.glob("log/*.log"))
        )

    def clean_up(self) -> None:
        """Leave nothing of it behind."""
        if self.process and self.process.poll() is None:
            self.stop()
        processes.end(self.pids(), signal.SIGKILL, 5)
        shutil.rmtree(socket_folder(self.var), ignore_errors=True)


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Return as soon as `is_so`, or when the time is over."""
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
