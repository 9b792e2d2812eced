"""Memory does not grow with a video's length, online."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resource, sys
import numpy as np, torch
from dvis_model import build, predict
torch.set_num_threads(1)
torch.manual_seed(0)
model = build("tiny", refiner="none").requires_grad_(False)
def frames(count):
    random = np.random.default_rng(0)
    for _ in range(count):
        yield random.integers(0, 256, (192, 256, 3), dtype=np.uint8)
result = predict(model, frames(int(sys.argv[1])), short_side=0, height=288, width=384)
assert result.masks.shape[1] == int(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kib(frames: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(frames)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_four_hundred_frames_need_as_much_memory_as_forty() -> None:
    short, long = peak_kib(40), peak_kib(400)
    assert long < 1.1 * short, (short, long)
