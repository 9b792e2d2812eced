"""Panoptic and semantic submissions through the evaluate task, on real files and a real database."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from evaluator import evaluate
from tests.support.factories import OPEN, make_submission
from tests.support.map_benchmarks import MAKERS, MapBenchmark
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.blobs.storage import blob_save_copy
from webapp.submissions.models import Submission
from webapp.submissions.results import result_read
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db(transaction=True)
Status = Submission.Status


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> MapBenchmark:
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def split(made: MapBenchmark) -> Split:
    return benchmark_import(
        slug="maps", evaluator=made.evaluator, split="val", ground_truth=made.truth, rules=OPEN
    ).split


def evaluated(split: Split, predictions: Path) -> Submission:
    submission = make_submission(split=split, blob=blob_save_copy(predictions), filename=predictions.name)
    evaluate_next.apply(throw=True)
    return Submission.objects.select_related("job", "result").get(pk=submission.pk)


def test_a_submission_gets_exactly_what_the_evaluator_gives(made: MapBenchmark, split: Split) -> None:
    submission = evaluated(split, made.good)
    report = evaluate(made.evaluator, made.truth, made.good)
    assert submission.status == Status.SCORED
    assert dict(submission.scores.values_list("metric", "value")) == report.metrics
    assert 0 < (report.metrics["VPQ1" if made.evaluator == "vipseg" else "mIoU"] or 0) < 1
    result = result_read(submission)
    assert (result["per_video"], result["per_category"]) == (report.per_video, report.per_category)
    assert (submission.job.progress_done, submission.job.attempts.count()) == (2, 1)


def test_the_digest_is_that_of_the_command_line(made: MapBenchmark, split: Split, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    files = ["--gt", str(made.truth), "--pred", str(made.good), "--json", str(out)]
    command = [sys.executable, "-m", "evaluator", "score", made.evaluator, *files]
    subprocess.run(command, cwd=settings.ROOT, check=True, capture_output=True)
    assert evaluated(split, made.good).digest == json.loads(out.read_text())["digest"]


def test_the_ground_truth_is_unpacked_for_the_first_job_alone(made: MapBenchmark, split: Split) -> None:
    first = evaluated(split, made.good)
    assert split.ground_truth is not None
    Path(settings.MEDIA_ROOT, split.ground_truth.key).unlink()
    assert evaluated(split, made.good).digest == first.digest


def test_an_archive_that_lacks_a_video_is_rejected_and_says_which(made: MapBenchmark, split: Split) -> None:
    submission = evaluated(split, made.bad)
    assert (submission.status, submission.scores.count()) == (Status.REJECTED, 0)
    found = {(problem["code"], problem["where"]["video_id"]) for problem in submission.problems}
    assert found == {("video-missing", "kitchen")}


def test_a_json_file_is_rejected_for_it_is_no_archive(split: Split, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    results.write_text("[]")
    submission = evaluated(split, results)
    assert submission.status == Status.REJECTED
    assert [problem["code"] for problem in submission.problems] == ["file-not-recognised"]
