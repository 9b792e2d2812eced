"""Jobs with files in S3, on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from evaluator import evaluate
from tests.support.factories import make_split, make_submission
from tests.support.s3 import s3_storage_server
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.blobs.storage import blob_path, blob_save_bytes, blob_save_copy
from webapp.submissions.models import Submission
from webapp.submissions.results import result_read
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def s3(tmp_path: Path) -> Iterator[None]:
    with s3_storage_server(tmp_path / "s3"):
        yield


def test_a_path_of_a_file_in_s3_is_a_copy_for_a_while() -> None:
    with blob_path(blob_save_bytes(b"content")) as local:
        assert local.read_bytes() == b"content"
    assert not local.exists()


def test_a_submission_is_scored_from_s3_and_its_ground_truth_fetched_once(tmp_path: Path) -> None:
    files = write_slow_benchmark(tmp_path, videos=3, tracklets=4)
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(files[0]))
    submissions = [
        make_submission(split=split, blob=blob_save_bytes(files[1].read_bytes() + b" " * n)) for n in (0, 1)
    ]
    evaluate_next.apply(throw=True)
    assert split.ground_truth
    default_storage.delete(split.ground_truth.key)
    evaluate_next.apply(throw=True)

    report = evaluate("ytvis2019", *files)
    for submission in submissions:
        submission = Submission.objects.get(pk=submission.pk)
        assert submission.status == Submission.Status.SCORED
        assert result_read(submission)["metrics"] == report.metrics
