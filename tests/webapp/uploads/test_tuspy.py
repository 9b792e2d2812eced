"""A tus client from elsewhere (tuspy) against the running site, over a network that breaks."""

import hashlib
import os
import time
from pathlib import Path

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.support.cutting_proxy import CuttingProxy
from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from webapp.accounts.models import User
from webapp.blobs.storage import blob_path
from webapp.uploads.models import Upload

MEGABYTE = 1024 * 1024


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.zip"
    path.write_bytes(os.urandom(12 * MEGABYTE))
    return path


def tus_client(url: str, user: User) -> TusClient:
    return TusClient(f"{url}/api/v1/uploads", headers={"Authorization": f"Bearer {make_token(user)}"})


def assert_complete(results: Path) -> None:
    upload = Upload.objects.get()
    assert upload.blob is not None
    with blob_path(upload.blob) as stored:
        assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(results.read_bytes()).digest()


@pytest.mark.parametrize("checksum", [False, True], ids=["plain", "with checksums"])
def test_it_uploads_in_pieces(live_site: LiveSite, results: Path, checksum: bool) -> None:
    client = tus_client(live_site.url, make_user())
    with results.open("rb") as file:
        client.uploader(file_stream=file, chunk_size=5 * MEGABYTE, upload_checksum=checksum).upload()
    assert_complete(results)


def test_a_connection_cut_in_the_middle_is_resumed_where_it_broke(live_site: LiveSite, results: Path) -> None:
    user = make_user()
    with (
        CuttingProxy.before(live_site.url, cuts=[7 * MEGABYTE]) as proxy,
        results.open("rb") as file,
        pytest.raises((TusCommunicationError, TusUploadFailed)),
    ):
        tus_client(proxy.url, user).uploader(file_stream=file).upload()
    upload = Upload.objects.get()
    deadline = time.monotonic() + 10
    while upload.offset == 0 and time.monotonic() < deadline:
        time.sleep(0.05)  # until the server has noticed
        upload.refresh_from_db()
    assert 6 * MEGABYTE < upload.offset < 8 * MEGABYTE

    address = f"{live_site.url}/api/v1/uploads/{upload.pk}"
    with results.open("rb") as file:
        resumed = tus_client(live_site.url, user).uploader(file_stream=file, url=address)
        assert resumed.offset == upload.offset
        resumed.upload()
    assert_complete(results)
