"""Files that nobody needs any more are deleted, and no others."""

from datetime import timedelta

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from tests.support.factories import make_blob, make_submission, make_user
from webapp.blobs.collection import blobs_collect
from webapp.blobs.models import Blob
from webapp.blobs.storage import KEEPING, blob_bytes, blob_delete, blob_save_bytes
from webapp.jobs.models import Job
from webapp.jobs.services import job_claim
from webapp.refusal import Refused
from webapp.submissions.attempts import evaluation_finish_rejected
from webapp.submissions.models import Submission
from webapp.submissions.services import submissions_let_go
from webapp.uploads.models import Upload
from webapp.uploads.selectors import upload_room_used
from webapp.uploads.services import upload_create, upload_forget, uploads_expire

pytestmark = pytest.mark.django_db
LATER = timedelta(days=2)


def rejected() -> Submission:
    submission = make_submission()
    claim = job_claim(kind=Job.Kind.EVALUATE, worker="test")
    assert claim
    assert evaluation_finish_rejected(
        token=claim.token, problems=[{"code": "json-invalid", "severity": "error"}]
    )
    submission.refresh_from_db()
    return submission


def test_a_file_that_nothing_refers_to_is_deleted_after_a_day() -> None:
    blob = make_blob(b"nobody's")
    assert blobs_collect() == 0
    assert blobs_collect(now=timezone.now() + LATER) == 1
    assert not default_storage.exists(blob.key)
    assert not Blob.objects.filter(pk=blob.pk).exists()


def test_files_of_submissions_uploads_and_ground_truth_stay() -> None:
    submission = make_submission()
    upload = Upload.objects.create(
        owner=make_user(), length=1, offset=1, blob=make_blob(), expires_at=timezone.now() + LATER
    )
    blobs_collect(now=timezone.now() + LATER)
    for blob in (submission.blob, submission.split.ground_truth, upload.blob):
        assert blob
        assert blob_bytes(blob)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_deleted_while_a_backup_is_made() -> None:
    blob = make_blob()
    arguments = connection.get_connection_params()
    with psycopg.connect(**{name: arguments[name] for name in ("dbname", "user", "host")}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [KEEPING])
        assert not blob_delete(blob, saved_before=timezone.now())
        assert default_storage.exists(blob.key)
    assert blob_delete(blob, saved_before=timezone.now())


def test_a_file_stored_again_in_the_meantime_stays() -> None:
    blob = make_blob(b"wanted again")
    looked_at = timezone.now()
    blob_save_bytes(b"wanted again")
    assert not blob_delete(blob, saved_before=looked_at)
    assert blob_bytes(blob) == b"wanted again"


def test_a_file_that_something_refers_to_is_never_deleted() -> None:
    blob = make_submission().blob
    assert blob
    assert not blob_delete(blob, saved_before=timezone.now() + LATER)
    assert blob_bytes(blob)


def test_an_upload_that_was_never_submitted_goes_with_its_file() -> None:
    blob = make_blob(b"uploaded, never submitted")
    expires = timezone.now() + timedelta(hours=1)
    Upload.objects.create(owner=make_user(), length=9, offset=9, blob=blob, expires_at=expires)
    uploads_expire(now=timezone.now() + LATER)
    assert blobs_collect(now=timezone.now() + LATER) == 1
    assert not default_storage.exists(blob.key)


def test_a_rejected_file_is_kept_for_a_while_to_be_looked_at_and_then_let_go() -> None:
    submission = rejected()
    assert submissions_let_go() == 0
    assert submissions_let_go(now=timezone.now() + timedelta(days=8)) == 1
    submission.refresh_from_db()
    assert (submission.blob, submission.problems[0]["code"]) == (None, "json-invalid")


def test_a_scored_or_waiting_submission_never_lets_its_file_go() -> None:
    submission = make_submission()
    assert submissions_let_go(now=timezone.now() + timedelta(days=800)) == 0
    submission.refresh_from_db()
    assert submission.blob


def upload_of(submission: Submission) -> Upload:
    blob = submission.blob
    assert blob
    assert submission.author
    week = timezone.now() + timedelta(days=7)
    return Upload.objects.create(
        owner=submission.author, length=blob.size, offset=blob.size, blob=blob, expires_at=week
    )


def test_uploads_that_became_no_submission_and_rejected_ones_count_against_the_room_of_an_account() -> None:
    bad = upload_of(rejected())
    waiting = upload_of(make_submission())
    assert upload_room_used(waiting.owner) == 0
    assert upload_room_used(bad.owner) == bad.length > 0
    with (
        override_settings(UPLOAD_QUOTA_BYTES=bad.length + 4),
        pytest.raises(Refused, match="not become a subm"),
    ):
        upload_create(owner=bad.owner, filename="next.json", length=5)


def test_a_finished_upload_that_its_owner_deletes_goes_with_its_file_at_once() -> None:
    upload = upload_of(make_submission())
    upload_forget(upload=upload)
    assert upload.blob
    assert blob_bytes(upload.blob)  # of a submission, which stays
    week = timezone.now() + timedelta(days=7)
    blob = make_blob(b"sent and deleted, again and again")
    alone = Upload.objects.create(owner=make_user(), length=9, offset=9, blob=blob, expires_at=week)
    upload_forget(upload=alone)
    assert not default_storage.exists(blob.key)


def test_the_upload_of_a_rejected_file_is_not_deleted_while_that_is_kept() -> None:
    upload = upload_of(rejected())
    with pytest.raises(Refused, match="kept to be looked at"):
        upload_forget(upload=upload)
    assert upload_room_used(upload.owner) == upload.length
