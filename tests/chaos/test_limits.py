"""A file that takes too long fails alone: the worker and the next submission are well."""

import pytest

from tests.chaos.site import ChaosSite

pytestmark = pytest.mark.chaos


def test_a_job_that_takes_too_long_fails_and_the_next_is_scored(narrow_site: ChaosSite) -> None:
    (submission, next_one), _ = narrow_site.submit(narrow_site.predictions.read_bytes(), b"[]")
    narrow_site.wait_for_status(submission, "failed", 60)
    assert narrow_site.failure(submission) == "time-limit"
    assert narrow_site.outcomes(submission) == ["error"]
    narrow_site.wait_for_status(next_one, "scored", 60)
