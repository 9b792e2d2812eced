"""The protocol tus 1.0.0, request by request."""

import base64
import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.support.factories import make_user
from tests.support.rest import TUS, UPLOADS, Tus, bearer
from webapp.blobs.storage import blob_bytes
from webapp.uploads.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def tus() -> Tus:
    return Tus(make_user())


def problem_code(response: Any) -> str:
    assert response["Content-Type"] == "application/problem+json"
    return str(response.json()["problems"][0]["code"])


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def test_options_tell_what_the_server_can_do_without_a_token(client: Client, settings: Any) -> None:
    response = client.options(UPLOADS)
    assert response.status_code == 204
    assert response["Tus-Version"] == response["Tus-Resumable"] == "1.0.0"
    assert response["Tus-Max-Size"] == str(settings.CHECKPOINT_LIMIT_BYTES)  # the largest kind
    assert response["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert set(response["Tus-Extension"].split(",")) == {
        *("creation", "creation-with-upload", "checksum", "termination", "expiration")
    }


def test_an_upload_is_created_appended_to_and_finished(tus: Tus) -> None:
    created = tus.create(10, "Résultats.zip")
    assert (created.status_code, created["Upload-Offset"]) == (201, "0")
    address = created["Location"]
    first = tus.append(address, 0, b"01234")
    assert (first.status_code, first["Upload-Offset"]) == (204, "5")
    assert "GMT" in first["Upload-Expires"]
    state = tus.state(address)
    assert (state.status_code, state["Upload-Offset"], state["Upload-Length"]) == (200, "5", "10")
    assert state["Cache-Control"] == "no-store"
    assert tus.append(address, 5, b"56789")["Upload-Offset"] == "10"
    upload = Upload.objects.get()
    assert upload.filename == "Résultats.zip"
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == b"0123456789"


def test_a_file_can_come_with_its_creation(tus: Tus) -> None:
    created = tus.create(2, data=b"[]")
    assert (created.status_code, created["Upload-Offset"]) == (201, "2")
    assert Upload.objects.get().is_complete


def test_a_wrong_offset_is_a_conflict_and_changes_nothing(tus: Tus) -> None:
    address = tus.create(10)["Location"]
    response = tus.append(address, 3, b"345")
    assert (response.status_code, problem_code(response)) == (409, "upload-offset")
    assert "begins at byte 3, but the upload is at byte 0" in response.json()["detail"]
    assert tus.state(address)["Upload-Offset"] == "0"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_with_the_right_checksum_is_taken_and_a_damaged_one_dropped(tus: Tus, algorithm: str) -> None:
    address = tus.create(6)["Location"]
    good = tus.append(address, 0, b"abc", Upload_Checksum=checksum(b"abc", algorithm))
    assert good.status_code == 204
    bad = tus.append(address, 3, b"xyz", Upload_Checksum=checksum(b"def", algorithm))
    assert (bad.status_code, problem_code(bad)) == (460, "checksum-mismatch")
    assert tus.state(address)["Upload-Offset"] == "3"
    assert tus.append(address, 3, b"def").status_code == 204
    blob = Upload.objects.get().blob
    assert blob is not None
    assert blob_bytes(blob) == b"abcdef"


def test_an_unknown_checksum_algorithm_is_refused(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    response = tus.append(address, 0, b"abc", Upload_Checksum="crc32 AAAA")
    assert (response.status_code, problem_code(response)) == (400, "checksum-algorithm")


def test_more_bytes_than_announced_are_refused(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    response = tus.append(address, 0, b"abcd")
    assert (response.status_code, problem_code(response)) == (413, "upload-overflow")


def test_a_file_over_the_limit_is_refused(tus: Tus, settings: Any) -> None:
    assert tus.create(settings.UPLOAD_LIMIT_BYTES + 1).status_code == 413


def test_another_version_of_the_protocol_is_refused_with_ours(tus: Tus) -> None:
    tus.headers["Tus-Resumable"] = "0.2.2"
    response = tus.create(3)
    assert (response.status_code, response["Tus-Version"]) == (412, "1.0.0")


def test_a_piece_must_say_that_it_is_one(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    response = tus.append(address, 0, b"abc", Content_Type="application/json")
    assert (response.status_code, problem_code(response)) == (415, "tus-content-type")


@pytest.mark.parametrize("length", ["", "-1", "ten", "1e3", "9" * 30])
def test_a_length_that_is_no_number_of_bytes_is_refused(tus: Tus, length: str) -> None:
    response = tus.create(0, Upload_Length=length)
    assert (response.status_code, problem_code(response)) == (400, "tus-header")


@pytest.mark.parametrize("content_type", ["", "application/offset+octet-stream"])
def test_an_empty_file_is_complete_once_it_is_created(tus: Tus, content_type: str) -> None:
    response = tus.create(0, Content_Type=content_type)
    assert (response.status_code, response["Upload-Offset"]) == (201, "0")


@pytest.mark.parametrize("metadata", ["filename ####", "filename /w==", "filename"])
def test_an_unreadable_name_is_refused_and_a_missing_one_is_none(tus: Tus, metadata: str) -> None:
    response = tus.create(1, Upload_Metadata=metadata)
    assert response.status_code == (201 if metadata == "filename" else 400)


@pytest.mark.parametrize(
    "name", ["../../etc/pass\x00wd\n.json", "C:\\etc\\passwd.json", "pass\u202ewd\u2066\u2069\x1b.json"]
)
def test_a_name_keeps_no_folder_and_no_character_that_nobody_sees(tus: Tus, name: str) -> None:
    tus.create(1, name)
    assert Upload.objects.get().filename == "passwd.json"


def test_a_deleted_upload_is_gone(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    assert tus.delete(address).status_code == 204
    assert tus.state(address).status_code == 404
    assert tus.append(address, 0, b"abc").status_code == 404


def test_an_expired_upload_is_gone_for_good(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tus.append(address, 0, b"abc").status_code == 410


def test_somebody_elses_upload_does_not_exist(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    other, staff = Tus(make_user()), Tus(make_user(is_staff=True))
    for stranger in (other, staff):
        assert stranger.state(address).status_code == 404
        assert stranger.append(address, 0, b"abc").status_code == 404
        assert stranger.delete(address).status_code == 404
    assert tus.state(f"{UPLOADS}/{uuid.uuid4()}").status_code == 404


def test_a_client_that_can_only_post_names_the_method_in_a_header(tus: Tus) -> None:
    address = tus.create(3)["Location"]
    override = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    assert tus.request("POST", address, b"abc", override).status_code == 204
    assert Upload.objects.get().is_complete
    assert tus.request("POST", address, b"", {"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert tus.request("POST", address, b"", {}).status_code == 405


def test_a_token_without_the_scope_cannot_upload() -> None:
    user = make_user()
    headers = TUS | bearer(user, "read") | {"Upload-Length": "3"}
    response = Client().post(UPLOADS, headers=headers)
    assert response.status_code == 403
    assert "'submit'" in response.json()["detail"]


def test_a_browser_uploads_by_its_session_with_the_csrf_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user())
    headers = TUS | {"Upload-Length": "3"}
    assert browser.post(UPLOADS, headers=headers).status_code == 403
    token = "a" * 32
    browser.cookies["csrftoken"] = token
    created = browser.post(UPLOADS, headers=headers | {"X-CSRFToken": token})
    assert created.status_code == 201
    patch = TUS | {"Upload-Offset": "0", "X-CSRFToken": token}
    kind = "application/offset+octet-stream"
    assert browser.patch(created["Location"], b"abc", kind, headers=patch).status_code == 204
