"""How far a run is, who sees it, and what one would take."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from tests.support.factories import claim, make_blob, make_report, make_user
from tests.support.runs import claim_run, make_run, make_run_split, store_video
from webapp.accounts.models import User
from webapp.jobs.models import Job
from webapp.jobs.presence import worker_equipped, worker_seen
from webapp.jobs.services import job_progress
from webapp.runs.attempts import run_finish
from webapp.runs.estimate import run_estimate
from webapp.runs.models import Run
from webapp.runs.options import options_for
from webapp.runs.selectors import RunState, reads_log, run_events, run_state, runs_visible_to
from webapp.runs.services import model_get
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


def state(run: Run) -> RunState:
    return run_state(Run.objects.select_related("job", "split", "submission").get(pk=run.pk))


def sees(user: User | AnonymousUser, run: Run) -> bool:
    return runs_visible_to(user).filter(pk=run.pk).exists()


def test_a_run_is_its_authors_and_staffs_until_its_submission_is_on_the_board() -> None:
    run = make_run()
    others = [make_user(), AnonymousUser()]
    assert [sees(user, run) for user in (run.author, make_user(is_staff=True))] == [True, True]
    assert [sees(user, run) for user in others] == [False, False]
    run_finish(token=claim_run().token, blob=make_blob(), filename="submission.zip", provenance={})
    assert [sees(user, run) for user in others] == [False, False]
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    assert [sees(user, run) for user in others] == [True, True]
    assert [reads_log(user=user, run=run) for user in (run.author, *others)] == [True, False, False]


def test_the_run_of_a_private_submission_stays_private() -> None:
    run = make_run(is_public=False)
    run_finish(token=claim_run().token, blob=make_blob(), filename="submission.zip", provenance={})
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    assert not sees(make_user(), run)


def test_progress_is_told_in_frames_speed_and_time_left() -> None:
    run = make_run(split=make_run_split(videos=3, frames=10))
    taken = claim_run()
    store_video(taken, 0, seconds=2)
    job_progress(token=taken.token, done=15, total=30, stage="video 2 of 3: segmenter")
    now = state(run)
    assert (now.videos_done, now.videos_total, now.frames_done, now.frames_total) == (1, 3, 15, 30)
    assert (now.frames_per_second, now.expected_s) == (5.0, 3.0)
    assert now.sentence == "Running video 2 of 3, about 3 s left"
    assert now.stage == "video 2 of 3: segmenter"


def test_before_its_first_video_is_done_speed_is_told_from_the_frames_so_far() -> None:
    run = make_run()
    job_progress(token=claim_run().token, done=6, total=20, stage="video 1 of 2: segmenter")
    Job.objects.update(started_at=timezone.now() - timedelta(seconds=3))
    assert state(run).frames_per_second == pytest.approx(2, rel=0.1)


def test_figures_of_several_devices_are_added_up() -> None:
    run = make_run()
    taken = claim_run()
    store_video(taken, 0, seconds=1, device="a GPU")
    store_video(taken, 1, seconds=4, device="a processor")
    figures = state(run).figures
    assert (figures.device, figures.frames_per_second) == ("a GPU, a processor", 4.0)
    assert (figures.stage_seconds, figures.peak_memory) == ({"segmenter": 5.0}, 1000)


def test_a_finished_run_speaks_of_its_submission() -> None:
    run = make_run()
    run_finish(token=claim_run().token, blob=make_blob(), filename="submission.zip", provenance={})
    assert state(run).sentence == "Done; its submission is queued"


def test_the_log_is_read_on_from_where_one_was() -> None:
    run = make_run()
    seen = run_events(run).get()
    claim_run("model@gpu")
    assert [event.text for event in run_events(run, after=seen.pk)] == ["Started by model@gpu, attempt 1."]


def estimate(mode: str = "offline") -> tuple[float | None, float | None, str]:
    spec = model_get("tiny_shapes")
    found = run_estimate(
        split=make_run_split(videos=4, frames=25), spec=spec, options=options_for(spec, mode=mode)
    )
    return found.ms_per_frame, found.seconds, found.sentence


def measured(device: str, seconds: float) -> None:
    """A run of 20 frames that took so long on a device, whose worker is alive."""
    worker_seen(name=f"model@{device}", queues="model", slots=1)
    worker_equipped(name=f"model@{device}", equipment={"device": device})
    make_run()
    taken = claim_run()
    for number in (0, 1):
        store_video(taken, number, seconds=seconds / 2, device=device)


def test_an_estimate_is_frames_times_the_measured_time_of_a_frame() -> None:
    measured("a GPU", seconds=2)
    assert estimate() == (100.0, 10.0, "100 frames of 4 videos at 100 ms per frame on a GPU: about 10 s.")


def test_of_several_devices_the_slowest_is_told() -> None:
    measured("a GPU", seconds=2)
    measured("a processor", seconds=20)
    assert estimate()[:2] == (1000.0, 100.0)


def test_what_nobody_has_measured_is_said_to_be_unknown() -> None:
    measured("a GPU", seconds=2)
    assert estimate("online") == (
        None,
        None,
        "100 frames of 4 videos; nobody has measured this model with these options here yet.",
    )


def test_without_a_model_worker_nobody_can_say() -> None:
    assert "no model worker is running" in estimate()[2]
