"""The most memory that one evaluation takes.

`python -m tests.bench.anonymous_memory BENCHMARK TRUTH PREDICTIONS PREPARED` prints bytes: before anything is
read, and at the peak. Pages of mapped files do not count, since the system can take them back at any time;
Linux keeps no record of that peak, so a thread looks every millisecond.
"""

import re
import sys
import threading
from pathlib import Path

from evaluator import evaluate, warm_up


def anonymous_bytes() -> int:
    found = re.search(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise OSError("Expected the kernel to tell RssAnon")
    return 1024 * int(found[1])


class Peak(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.001):
            self.bytes = max(self.bytes, anonymous_bytes())

    def stop(self) -> int:
        self._over.set()
        self.join()
        return max(self.bytes, anonymous_bytes())


if __name__ == "__main__":
    benchmark, truth, predictions, prepared = sys.argv[1:]
    warm_up()
    before = anonymous_bytes()
    peak = Peak()
    peak.start()
    evaluate(benchmark, Path(truth), Path(predictions), prepared_dir=Path(prepared))
    print(before, peak.stop())
