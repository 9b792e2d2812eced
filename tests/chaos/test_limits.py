"""A file that takes too much memory or time fails alone: the machine and the next submission are well."""

import json
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco

from tests.chaos.site import ChaosSite
from tests.slow_benchmark import HEIGHT, WIDTH

pytestmark = pytest.mark.chaos


def a_square() -> dict[str, Any]:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[3:50, 4:60] = 1
    rle = coco.encode(pixels)
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def test_a_job_that_takes_too_long_fails_and_says_so(narrow_site: ChaosSite) -> None:
    submission = narrow_site.submit_slow()
    narrow_site.wait_for_status(submission, "failed", 60)
    assert narrow_site.failure(submission) == "time-limit"
    assert narrow_site.outcomes(submission) == ["error"]


def test_a_job_that_takes_too_much_memory_fails_and_the_next_is_scored(narrow_site: ChaosSite) -> None:
    first = json.loads(narrow_site.predictions.read_text())[0]
    entry = json.dumps({**first, "segmentations": [None, None, None, a_square()]}).encode()
    huge = b"[" + (entry + b",") * 900_000 + entry + b"]"
    (submission, next_one), _ = narrow_site.submit(huge, b"[]")
    narrow_site.wait_for_status(submission, "failed", 60)
    assert narrow_site.failure(submission) == "out-of-memory"
    narrow_site.wait_for_status(next_one, "scored", 60)
