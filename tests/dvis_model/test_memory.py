"""Memory does not grow with a video's length, online; and is not given back only to be asked for again."""

import subprocess
import sys
from pathlib import Path

# A narrow network with wide mask features: little work, and much that could pile up - 390 KiB a frame.
PROGRAM = """
import resource
from dataclasses import replace
import numpy as np, torch
from dvis_model import build, predict
from dvis_model.variants import VARIANTS
torch.set_num_threads(1)
torch.manual_seed(0)
small = replace(VARIANTS["tiny"], mask_dim=64, encoder_layers=1, decoder_layers=1, tracker_layers=1)
model = build(small, refiner="none").requires_grad_(False)
def frames(count):
    random = np.random.default_rng(0)
    for _ in range(count):
        yield random.integers(0, 256, (128, 192, 3), dtype=np.uint8)
for count in (40, 400):
    result = predict(model, frames(count), short_side=0, height=192, width=288)
    assert result.masks.shape[1] == count
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_four_hundred_frames_need_as_much_memory_as_forty() -> None:
    short, long = map(int, printed(PROGRAM))
    assert long < 1.1 * short, (short, long)


# Page faults of some tensors, without and with kept memory; MiB resident before, then and after.
KEPT = """
import resource
import torch
from dvis_model.memory import freed_memory_kept
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2**20
without, before = faults(), resident()
with freed_memory_kept():
    faults()
    print(without, faults(), before, resident())
print(resident())
"""


def test_memory_that_tensors_give_back_is_kept_while_a_model_runs() -> None:
    without, within, before, meanwhile, after = map(int, printed(KEPT))
    assert within < without / 4
    assert meanwhile > before + 60
    assert after < before + 10


def printed(program: str) -> list[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    ).stdout.split()
