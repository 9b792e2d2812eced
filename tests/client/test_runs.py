"""`dvis-bench runs`, against the running site: what needs no model worker."""

from pathlib import Path

import pytest

from tests.client.test_commands import UNKNOWN, DvisBench
from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from tests.support.runs import claim_run, make_run
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.jobs.services import job_finish_failed


@pytest.fixture
def alice(live_site: LiveSite) -> User:
    return make_user("alice")


@pytest.fixture
def dvis_bench(live_site: LiveSite, alice: User, tmp_path: Path) -> DvisBench:
    return DvisBench(live_site.url, make_token(alice), tmp_path)


def test_a_failed_run_is_let_go_on_and_cancelled(dvis_bench: DvisBench, alice: User) -> None:
    run = make_run(alice)
    job_finish_failed(token=claim_run().token, code="not-finite")
    failed = dvis_bench("runs", "watch", str(run.id))
    assert failed.returncode == 3
    assert "Failed on our side: the model produced NaN or infinity." in failed.stdout
    again = dvis_bench("runs", "retry", f"{dvis_bench.access['DVIS_BENCH_SERVER']}/runs/{run.id}/")
    assert (again.returncode, "Queued, next in line" in again.stdout) == (0, True)
    too_early = dvis_bench("runs", "retry", str(run.id))
    assert (too_early.returncode, "Only a failed run can be resumed." in too_early.stderr) == (4, True)
    assert "Cancelled" in dvis_bench("runs", "cancel", str(run.id)).stdout
    assert Job.objects.get().status == Job.Status.CANCELLED


def test_what_is_not_there_cannot_go_on(dvis_bench: DvisBench) -> None:
    done = dvis_bench("runs", "retry", UNKNOWN)
    assert (done.returncode, f"has no run {UNKNOWN}" in done.stderr) == (2, True)
