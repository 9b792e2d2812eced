"""Blobs and jobs with files in S3, on a real server."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import override_settings

from evaluator import evaluate
from tests.factories import make_split, make_submission
from tests.s3 import S3Server, s3_server
from tests.slow_benchmark import write_slow_benchmark
from webapp.settings import s3_storage
from webapp.storage import blob_bytes, blob_open, blob_path, blob_save, blob_save_bytes, blob_save_copy
from webapp.submissions.models import Submission
from webapp.submissions.selectors import result_of
from webapp.uploads.models import Blob
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    with s3_server(tmp_path / "s3") as server:
        names = ("S3_BUCKET", "S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")
        storage = s3_storage(*(server.environment[name] for name in names))
        with override_settings(STORAGES={**settings.STORAGES, "default": storage}):
            yield server


def test_what_is_saved_is_read_back_by_bytes_file_and_path(s3: S3Server, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b"[1, 2, 3]")
    blob = blob_save(path, sha256=hashlib.sha256(b"[1, 2, 3]").hexdigest())
    assert (blob.size, blob_bytes(blob)) == (9, b"[1, 2, 3]")
    with blob_open(blob) as file, blob_path(blob) as local:
        assert file.read() == local.read_bytes() == b"[1, 2, 3]"
    assert not local.exists()  # it was a copy
    assert [file.name for file in s3.objects] == [blob.sha256]


def test_the_same_content_saved_by_several_at_once_is_stored_once(s3: S3Server) -> None:
    barrier, blobs = Barrier(4), list[Blob]()

    def save() -> None:
        barrier.wait()
        blobs.append(blob_save_bytes(b"raced for"))
        connection.close()

    threads = [Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(blobs) == 4
    assert len(set(blobs)) == 1
    assert [file.name for file in s3.objects] == [blobs[0].sha256]


def test_a_file_that_was_lost_is_stored_again(s3: S3Server) -> None:
    blob = blob_save_bytes(b"lost with the disk")
    default_storage.delete(blob.key)
    assert s3.objects == []
    assert blob_bytes(blob_save_bytes(b"lost with the disk")) == b"lost with the disk"


def test_a_submission_is_scored_from_s3_and_its_ground_truth_fetched_once(
    s3: S3Server, tmp_path: Path
) -> None:
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
        assert result_of(submission)["metrics"] == report.metrics
