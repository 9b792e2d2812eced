"""The evaluate task, called as a worker calls it, on real files and a real database."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from evaluator import evaluate
from evaluator.catalog import BENCHMARKS
from evaluator.statistics.comparison import unpack_samples
from tests.support.factories import make_blob, make_split, make_submission
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.benchmarks.models import Split
from webapp.blobs.storage import blob_save_copy
from webapp.jobs.models import Attempt
from webapp.jobs.queue import producer
from webapp.submissions.models import Submission
from webapp.submissions.results import result_read
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db(transaction=True)
Status = Submission.Status


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Ground truth and predictions of three small videos."""
    return write_slow_benchmark(tmp_path, videos=3, tracklets=4)


@pytest.fixture
def split(files: tuple[Path, Path]) -> Split:
    return make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(files[0]))


def run() -> None:
    evaluate_next.apply(throw=True)


def evaluated(submission: Submission) -> Submission:
    run()
    return Submission.objects.select_related("job", "result").get(pk=submission.pk)


def test_a_submission_gets_exactly_what_the_evaluator_gives(split: Split, files: tuple[Path, Path]) -> None:
    submission = evaluated(make_submission(split=split, blob=blob_save_copy(files[1])))
    report = evaluate("ytvis2019", *files)
    assert submission.status == Status.SCORED
    assert dict(submission.scores.values_list("metric", "value")) == report.metrics
    assert submission.digest == report.digest
    assert result_read(submission)["per_video"] == report.to_json()["per_video"]
    assert (submission.job.progress_done, submission.job.attempts.count()) == (3, 1)


def test_warnings_are_kept_but_those_of_the_ground_truth(files: tuple[Path, Path]) -> None:
    """A submitter learns of the own file alone: the ground truth may be hidden."""
    truth, predictions = (json.loads(path.read_text()) for path in files)
    truth["annotations"][0]["category_id"] = 99
    files[0].write_text(json.dumps(truth))
    files[1].write_text(json.dumps([entry for entry in predictions if entry["video_id"] != 1]))
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(files[0]))
    submission = evaluated(make_submission(split=split, blob=blob_save_copy(files[1])))
    said = {warning.code for warning in evaluate("ytvis2019", *files).warnings}
    assert {"gt-category-unlisted", "videos-without-predictions"} <= said
    for told in (submission.problems, result_read(submission)["warnings"]):
        assert {warning["code"] for warning in told} == said - {"gt-category-unlisted"}
    files[1].write_text(json.dumps([{**predictions[0], "score": None}]))
    refused = evaluated(make_submission(split=split, blob=blob_save_copy(files[1])))
    codes = {problem["code"] for problem in refused.problems}
    assert codes == {"score-type", "videos-without-predictions"}


def test_intervals_and_draws_are_those_that_anybody_gets(split: Split, files: tuple[Path, Path]) -> None:
    submission = evaluated(make_submission(split=split, blob=blob_save_copy(files[1])))
    report = evaluate("ytvis2019", *files, bootstrap=settings.BOOTSTRAP_RESAMPLES)
    bounds = submission.scores.filter(low__isnull=False).values_list("metric", "low", "high")
    assert {metric: (low, high) for metric, low, high in bounds} == report.intervals
    samples = {one.metric: unpack_samples(bytes(one.samples)) for one in submission.samples.all()}
    assert samples.keys() == set(BENCHMARKS["ytvis2019"].headline)
    assert samples["AP"] == pytest.approx(report.samples["AP"], rel=1e-6)
    assert len(samples["AP"]) == settings.BOOTSTRAP_RESAMPLES


def test_an_operator_may_do_without_draws(split: Split, files: tuple[Path, Path], settings: Any) -> None:
    settings.BOOTSTRAP_RESAMPLES = 0
    submission = evaluated(make_submission(split=split, blob=blob_save_copy(files[1])))
    assert submission.status == Status.SCORED
    assert not submission.samples.exists()
    assert not submission.scores.filter(low__isnull=False).exists()


def test_an_empty_list_is_scored_with_its_warning(split: Split) -> None:
    submission = evaluated(make_submission(split=split, blob=make_blob(b"[]")))
    assert submission.status == Status.SCORED
    assert {problem["severity"] for problem in submission.problems} == {"warning"}


def test_a_bad_file_is_rejected_with_problems_that_name_it_as_its_author_did(split: Split) -> None:
    submission = make_submission(split=split, blob=make_blob(b'{"a": 1}'), filename="../my results.json")
    submission = evaluated(submission)
    assert submission.status == Status.REJECTED
    assert submission.scores.count() == 0
    assert [problem["where"]["file"] for problem in submission.problems] == ["my_results.json"]
    assert submission.problems[0]["hint"]


def test_an_unusable_ground_truth_is_our_failure_and_its_author_learns_no_detail() -> None:
    split = make_split(ground_truth=make_blob(b'{"videos": [], "secret-name": 1}'))
    submission = evaluated(make_submission(split=split, blob=make_blob(b"[]")))
    assert (submission.status, submission.job.failure_code) == (Status.FAILED, "ground-truth-unusable")
    assert submission.problems == []
    detail = submission.job.attempts.get().detail
    assert detail
    assert detail not in submission.job.failure_message


def test_a_file_lost_from_storage_is_an_error_of_ours_that_is_tried_again(split: Split) -> None:
    submission = make_submission(split=split)
    assert submission.blob is not None
    Path(settings.MEDIA_ROOT, submission.blob.key).unlink()
    submission = evaluated(submission)
    assert submission.status == Status.QUEUED
    attempt = submission.job.attempts.get()
    assert attempt.outcome == Attempt.Outcome.ERROR
    assert "BlobLost" in attempt.detail


def test_rung_for_nothing_it_does_nothing() -> None:
    run()
    assert not Attempt.objects.exists()


def test_after_a_job_the_bell_rings_for_the_next_one_in_line(split: Split) -> None:
    first, second = (make_submission(split=split, blob=make_blob(text)) for text in (b"[]", b"[ ]"))
    with producer.connection_for_read() as broker:
        broker.default_channel.queue_purge("evaluate")
        assert evaluated(first).status == Status.SCORED
        waiting: Any = broker.default_channel.client.llen("evaluate")
        assert waiting == 1
        assert evaluated(second).status == Status.SCORED
        assert broker.default_channel.client.llen("evaluate") == 1
        broker.default_channel.queue_purge("evaluate")
