"""Starting and cancelling runs: what is made, and what is refused with which advice."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.support.factories import make_split, make_submission, make_user
from tests.support.runs import MODEL, claim_run, make_checkpoint, make_run, make_run_split, store_video
from webapp.accounts.audit import AuditEvent
from webapp.blobs.collection import blobs_collect
from webapp.checkpoints.services import checkpoint_delete
from webapp.jobs.models import Job
from webapp.jobs.services import job_finish_failed
from webapp.methods.models import Method
from webapp.refusal import Refused
from webapp.runs.models import Run
from webapp.runs.services import run_cancel, run_retry, runs_let_go, videos_kept_until

pytestmark = pytest.mark.django_db


def refusal(**given: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        make_run(**given)
    return caught.value


def test_a_run_is_queued_with_everything_it_will_do_written_down() -> None:
    author = make_user()
    run = make_run(author, make_run_split(videos=3, frames=7), options={"mode": "online"}, note="first")
    assert run.options == {"mode": "online", "precision": "float32", "window": 3, "short_side": 64}
    assert (run.status, run.frames_total, run.note) == (Job.Status.QUEUED, 21, "first")
    assert run.variant.method.owner == author
    assert run.variant.factors == {
        "segmenter": "Mask2Former",
        "backbone": "Swin-16",
        "tracker": "referring tracker",
        "refiner": "none",
        "mode": "online",
        "resolution": "64p",
    }


def test_runs_of_the_same_kind_are_published_under_one_variant_and_others_under_others() -> None:
    author, split = make_user(), make_run_split()
    first = make_run(author, split)
    run_cancel(run=first, actor=author)
    again = make_run(author, split)
    other = make_run(author, split, options={"short_side": 96})
    assert first.variant == again.variant != other.variant
    assert first.variant.method == other.variant.method


def test_a_run_may_be_published_under_names_of_ones_own() -> None:
    run = make_run(method="My method", variant="large")
    assert str(run.variant) == "My method large"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "sideways"}, "'sideways' is not a mode of tiny_shapes."),
        ({"precision": "float8"}, "'float8' is not a precision."),
        ({"window": 0}, "window is 0."),
        ({"short_side": 99999}, "short_side is 99999."),
    ],
)
def test_an_option_that_no_model_has_is_refused(options: dict[str, Any], message: str) -> None:
    refused = refusal(options=options)
    assert (refused.code, refused.message) == ("bad-option", message)
    assert "Choose" in refused.hint


def test_a_split_without_frames_is_refused() -> None:
    assert refusal(split=make_run_split(frames_dir="")).code == "no-frames"


def test_a_model_for_other_categories_is_refused_and_one_that_fits_is_named() -> None:
    refused = refusal(split=make_run_split(), model="tiny")
    assert (refused.code, "tiny_shapes" in refused.hint) == ("model-unfit", True)


def test_a_closed_split_is_refused_before_a_frame_is_computed() -> None:
    split = make_run_split(closes_at=timezone.now() - timedelta(days=1))
    assert refusal(split=split).code == "split-closed"


def test_a_used_up_quota_is_refused_before_a_frame_is_computed() -> None:
    author, split = make_user(), make_run_split(quota_per_day=1)
    make_submission(author, split)
    assert refusal(author=author, split=split).code == "quota-day"


def test_a_model_fits_as_many_categories_as_it_has_classes_whatever_their_ids_are() -> None:
    categories = [{"id": 10 * number, "name": str(number)} for number in range(8)]
    assert make_run(split=make_run_split(benchmark={"categories": categories})).model == "tiny_shapes"
    refused = refusal(split=make_run_split(benchmark={"categories": categories[:7]}))
    assert (refused.code, refused.message.endswith("which has 7.")) == ("model-unfit", True)


def test_a_full_model_needs_a_checkpoint() -> None:
    categories = [{"id": number, "name": str(number)} for number in range(1, 26)]
    split = make_run_split(benchmark={"categories": categories})
    refused = refusal(split=split, model="ovis/DVIS_Offline_R50")
    assert refused.code == "checkpoint-missing"


def test_a_checkpoint_is_run_by_the_models_it_fits_alone() -> None:
    author = make_user()
    assert make_run(author, checkpoint=make_checkpoint(author, "tiny_shapes")).checkpoint is not None
    refused = refusal(author=author, checkpoint=make_checkpoint(author, "ovis/MinVIS_R50"))
    assert (refused.code, refused.hint) == ("checkpoint-unfit", "It fits ovis/MinVIS_R50.")


def test_a_checkpoint_that_nobody_has_checked_yet_is_not_run() -> None:
    author = make_user()
    assert refusal(author=author, checkpoint=make_checkpoint(author)).code == "checkpoint-not-ready"


def test_a_person_has_only_so_many_runs_at_once_and_others_have_theirs(settings: Any) -> None:
    settings.RUNS_PER_USER = 1
    author, split = make_user(), make_run_split()
    run = make_run(author, split)
    refused = refusal(author=author, split=split)
    assert (refused.code, refused.status) == ("too-many-runs", 429)
    make_run(make_user(), split)
    run_cancel(run=run, actor=author)
    make_run(author, split)


def test_where_only_staff_may_run_others_are_told_what_they_can_do(settings: Any) -> None:
    settings.RUNS_WHO = "staff"
    refused = refusal()
    assert (refused.code, refused.status) == ("staff-only", 403)
    assert "dvis_model predict" in refused.hint
    make_run(make_user(is_staff=True))


def test_a_refused_run_leaves_nothing_behind() -> None:
    refusal(split=make_split(frames_dir="/nowhere"))
    assert (Run.objects.count(), Job.objects.count(), Method.objects.count()) == (0, 0, 0)


def test_cancelling_takes_the_run_from_its_worker() -> None:
    author = make_user()
    run = make_run(author)
    claim = claim_run()
    run_cancel(run=run, actor=author)
    assert run.status == Job.Status.CANCELLED
    assert not job_finish_failed(token=claim.token, code="internal-error")


def test_a_run_of_somebody_else_cannot_be_cancelled_but_by_staff() -> None:
    run = make_run()
    with pytest.raises(Refused) as caught:
        run_cancel(run=run, actor=make_user())
    assert caught.value.status == 403
    run_cancel(run=run, actor=make_user(is_staff=True))


def failed_after_a_video() -> Run:
    run = make_run()
    claim = claim_run()
    store_video(claim, 0)
    assert job_finish_failed(token=claim.token, code="not-finite")
    return Run.objects.select_related("job").get(pk=run.pk)


def test_a_failed_run_that_nobody_lets_go_on_loses_its_videos_at_the_time_it_said() -> None:
    run = failed_after_a_video()
    until = videos_kept_until(run)
    assert until is not None
    assert runs_let_go(now=until) == 0
    assert runs_let_go(now=until + timedelta(seconds=1)) == 1
    assert not run.videos.exists()
    assert "it would start again" in run.events.all().reverse()[0].text
    assert runs_let_go(now=until + timedelta(seconds=1)) == 0
    assert blobs_collect(now=until + timedelta(days=2)) == 1
    run_retry(run=run, actor=run.author)
    assert claim_run().done == {}


def test_runs_that_go_on_or_wait_keep_their_videos() -> None:
    run = failed_after_a_video()
    run_retry(run=run, actor=run.author)
    assert videos_kept_until(run) is None
    assert runs_let_go(now=timezone.now() + timedelta(days=800)) == 0
    assert len(claim_run().done) == 1


def test_a_finished_run_cannot_be_cancelled() -> None:
    author = make_user()
    run = make_run(author)
    run_cancel(run=run, actor=author)
    with pytest.raises(Refused, match="can no longer be cancelled: cancelled"):
        run_cancel(run=run, actor=author)


def test_a_failed_run_goes_on_when_its_author_or_staff_say_so() -> None:
    run = make_run()
    job_finish_failed(token=claim_run().token, code="model-memory")
    run.job.refresh_from_db()
    with pytest.raises(Refused, match="somebody else"):
        run_retry(run=run, actor=make_user())
    assert run_retry(run=run, actor=run.author).status == Job.Status.QUEUED
    with pytest.raises(Refused, match="Only a failed run can be resumed"):
        run_retry(run=run, actor=run.author)


def test_what_failed_goes_on_only_where_a_new_run_might_start(settings: Any) -> None:
    settings.RUNS_PER_USER = 1
    run = make_run()
    job_finish_failed(token=claim_run().token, code="not-finite")
    make_run(run.author)
    with pytest.raises(Refused, match="1 unfinished runs"):
        run_retry(run=run, actor=run.author)
    settings.RUNS_WHO = "staff"
    with pytest.raises(Refused, match="only the organisers"):
        run_retry(run=run, actor=run.author)
    assert run_retry(run=run, actor=make_user(is_staff=True)).status == Job.Status.QUEUED


def test_a_cancelled_run_keeps_no_results_of_videos() -> None:
    run = make_run()
    store_video(claim_run(), 0)
    assert run.videos.get().result is not None
    run_cancel(run=run, actor=run.author)
    assert run.videos.get().result is None


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_is_not_deleted_under_a_run_that_starts_at_the_same_moment() -> None:
    owner = make_user()
    checkpoint = make_checkpoint(owner, MODEL)
    said: list[str] = []

    def delete() -> None:
        try:
            checkpoint_delete(checkpoint=checkpoint, actor=owner)
        except Refused as refused:
            said.append(refused.code)
        connection.close()

    deleting = Thread(target=delete)
    with transaction.atomic():
        make_run(owner, checkpoint=checkpoint)
        deleting.start()
        deleting.join(timeout=0.5)
        assert deleting.is_alive()  # it waits until the run is there
    deleting.join()
    assert said == ["checkpoint-in-use"]


def test_every_change_is_in_the_audit_trail() -> None:
    author = make_user()
    run = make_run(author)
    claim_run()
    run_cancel(run=run, actor=author)
    events = AuditEvent.objects.filter(subject=f"run:{run.id}").order_by("at")
    assert [event.action for event in events] == [
        "run.received",
        "run.queued",
        "run.running",
        "run.cancelled",
    ]
