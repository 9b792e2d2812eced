"""The most memory that one evaluation takes, or making a mask store.

`python -m tests.bench.anonymous_memory BENCHMARK TRUTH PREDICTIONS PREPARED [STORE]` prints bytes: before
anything is read, and at the peak. Pages of mapped files do not count, since the system can take them back at
any time; Linux keeps no record of that peak, so a thread looks every millisecond.
"""

import importlib
import re
import sys
import threading
from pathlib import Path

from evaluator import evaluate, playback, warm_up
from evaluator.catalog import BENCHMARKS
from evaluator.options import Options


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
    benchmark, *paths = sys.argv[1:]
    truth, predictions, prepared, *store = map(Path, paths)
    warm_up()
    if store:
        importlib.import_module("evaluator.playback.maps")
        importlib.import_module("evaluator.playback.tracklets")
    before = anonymous_bytes()
    peak = Peak()
    peak.start()
    if store:
        options = Options(prepared_dir=prepared)
        playback.store_predictions(BENCHMARKS[benchmark], truth, predictions, store[0], options)
    else:
        evaluate(benchmark, truth, predictions, prepared_dir=prepared)
    print(before, peak.stop())
