"""A file that takes too much memory or time fails alone: the machine and the next submission are well."""

import pytest

from tests.chaos.site import ChaosSite

pytestmark = pytest.mark.chaos


def test_a_job_that_takes_too_long_fails_and_says_so(narrow_site: ChaosSite) -> None:
    submission = narrow_site.submit_slow()
    narrow_site.wait_for_status(submission, "failed", 60)
    assert narrow_site.failure(submission) == "time-limit"
    assert narrow_site.outcomes(submission) == ["error"]


def test_a_job_that_takes_too_much_memory_fails_and_the_next_is_scored(narrow_site: ChaosSite) -> None:
    entry = b'{"video_id": 1, "category_id": 1, "score": 0.5, "segmentations": [null, null, null, null]},\n'
    huge = b"[" + entry * 3_000_000 + entry.rstrip(b",\n") + b"]"
    (submission, next_one), _ = narrow_site.submit(huge, b"[]")
    narrow_site.wait_for_status(submission, "failed", 60)
    assert narrow_site.failure(submission) == "out-of-memory"
    narrow_site.wait_for_status(next_one, "scored", 60)
