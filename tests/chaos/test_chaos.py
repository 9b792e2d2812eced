"""What no accident may do: lose a submission, or score it twice. Real parts, with production's settings."""

import os
import signal
import time

import pytest

from tests.chaos.site import ChaosSite
from webapp.embedded.postgres import data_folder

pytestmark = pytest.mark.chaos

QUICK = b"[]"  # scored within a second: an empty list is a valid submission


def scored_once(site: ChaosSite, submission: str) -> bool:
    return site.outcomes(submission).count("succeeded") == 1 and site.score_rows(submission) > 5


def test_a_job_whose_worker_is_killed_is_scored_by_another_within_90_seconds(chaos_site: ChaosSite) -> None:
    submission = chaos_site.submit_slow()
    chaos_site.wait_for_progress(submission)
    for pid in chaos_site.workers():
        os.kill(pid, signal.SIGKILL)
    seconds = chaos_site.wait_for_status(submission, "scored", 90)
    print(f"\nkill -9 of the worker to scored: {seconds:.1f} s")
    assert chaos_site.outcomes(submission) == ["lost", "succeeded"]
    assert scored_once(chaos_site, submission)


def test_a_queued_job_survives_a_broker_that_forgets_everything(chaos_site: ChaosSite) -> None:
    slow = chaos_site.submit_slow()
    chaos_site.wait_for_status(slow, "running", 30)
    (queued,), _ = chaos_site.submit(QUICK)
    chaos_site.broker().flushall()
    chaos_site.wait_for_status(slow, "scored", 60)
    chaos_site.wait_for_status(queued, "scored", 60)
    assert chaos_site.outcomes(queued) == ["succeeded"]


def test_with_the_broker_out_of_reach_a_submission_is_taken_and_scored_later(chaos_site: ChaosSite) -> None:
    (submission,), seconds = chaos_site.submit(QUICK, REDIS_URL="redis://127.0.0.1:1/0")
    assert seconds < 5
    assert chaos_site.wait_for_status(submission, "scored", 75) > 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_a_job_survives_a_restart_of_postgresql(chaos_site: ChaosSite, how: signal.Signals) -> None:
    submission = chaos_site.submit_slow()
    chaos_site.wait_for_progress(submission)
    postmaster = (data_folder(chaos_site.product.var) / "postmaster.pid").read_text().splitlines()[0]
    os.kill(int(postmaster), how)
    seconds = chaos_site.wait_for_status(submission, "scored", 90)
    print(f"\n{how.name} of PostgreSQL to scored: {seconds:.1f} s")
    assert chaos_site.outcomes(submission) == ["succeeded"]
    assert scored_once(chaos_site, submission)


def test_doorbells_without_end_make_one_attempt(chaos_site: ChaosSite) -> None:
    (submission,), _ = chaos_site.submit(QUICK)
    for _ in range(3):
        chaos_site.manage(
            "shell", "-c", "from webapp.jobs import queue; [queue.ring('evaluate') for _ in range(20)]"
        )
    chaos_site.wait_for_status(submission, "scored", 30)
    assert chaos_site.outcomes(submission) == ["succeeded"]


def test_withdrawing_stops_a_running_evaluation_within_5_seconds(chaos_site: ChaosSite) -> None:
    (running, next_one), _ = chaos_site.submit(chaos_site.predictions.read_bytes(), QUICK)
    chaos_site.wait_for_progress(running)
    chaos_site.withdraw(running)
    assert chaos_site.status(running) == "withdrawn"
    seconds = chaos_site.wait_for_status(next_one, "scored", 5)
    print(f"\nwithdrawn until the worker had scored the next one: {seconds:.1f} s")
    assert chaos_site.outcomes(running) == ["cancelled"]
    assert chaos_site.score_rows(running) == 0


def test_a_worker_that_is_stopped_gives_its_job_back_at_once(chaos_site: ChaosSite) -> None:
    submission = chaos_site.submit_slow()
    chaos_site.wait_for_progress(submission)
    begin = time.monotonic()
    os.kill(chaos_site.workers()[0], signal.SIGTERM)
    seconds = chaos_site.wait_for_status(submission, "queued", 5)
    print(f"\nSIGTERM until the job was back in the queue: {seconds:.1f} s")
    chaos_site.wait_for_status(submission, "scored", 60)
    print(f"SIGTERM until it was scored: {time.monotonic() - begin:.1f} s")
    assert chaos_site.outcomes(submission) == ["released", "succeeded"]
