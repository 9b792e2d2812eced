"""Ground truth of maps on a worker's machine: unpacked once, complete or not at all."""

import os
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings

from evaluator.problems import GroundTruthError
from tests.support.factories import make_blob
from webapp.benchmarks.archive import write_archive
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_save_written
from worker import ground_truth
from worker.ground_truth import unpacked

pytestmark = pytest.mark.django_db


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of unpacked ground truth, empty."""
    monkeypatch.setattr(settings, "VAR", tmp_path / "var")
    yield tmp_path / "var" / "ground_truth"
    left = [path.name for path in (tmp_path / "var" / "ground_truth").glob(f"{ground_truth.DRAFT}*")]
    assert left == []


@pytest.fixture
def blob(tmp_path: Path) -> Blob:
    (tmp_path / "a.txt").write_text("alpha")
    files = [("val.txt", tmp_path / "a.txt"), ("data/v/mask/0.png", tmp_path / "a.txt")]
    return blob_save_written(lambda target: write_archive(files, target))


def archive_with(*infos: zipfile.ZipInfo) -> Blob:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info in infos:
            archive.writestr(info, b"x")
    return make_blob(buffer.getvalue())


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


def test_it_lies_in_a_folder_named_by_its_content_for_this_user_alone(cache: Path, blob: Blob) -> None:
    folder = unpacked(blob)
    assert folder == cache / blob.sha256
    assert (folder / "data/v/mask/0.png").read_text() == "alpha"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_second_job_finds_it_and_needs_the_archive_no_more(cache: Path, blob: Blob) -> None:
    first = unpacked(blob)
    Path(settings.MEDIA_ROOT, blob.key).unlink()
    assert unpacked(blob) == first


def test_workers_that_unpack_at_once_get_the_same_complete_folder(cache: Path, blob: Blob) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(unpacked, [blob] * 8))
    assert folders == {cache / blob.sha256}
    assert (cache / blob.sha256 / "val.txt").read_text() == "alpha"


def test_who_comes_second_takes_the_folder_of_the_first(cache: Path, blob: Blob, tmp_path: Path) -> None:
    folder = unpacked(blob)
    late = tmp_path / "late"
    late.mkdir()
    (late / "other").touch()
    ground_truth._place(late, folder)
    assert not (folder / "other").exists()


@pytest.mark.parametrize(
    "infos",
    [
        [zipfile.ZipInfo("../outside")],
        [zipfile.ZipInfo("/outside")],
        [zipfile.ZipInfo("a/./b")],
        [zipfile.ZipInfo("a\\b")],
        [zipfile.ZipInfo("folder/")],
        [link("link")],
        [zipfile.ZipInfo("good"), zipfile.ZipInfo("../../outside")],
    ],
    ids=lambda infos: infos[-1].orig_filename,
)
def test_an_archive_with_other_than_plain_files_is_refused(cache: Path, infos: list[zipfile.ZipInfo]) -> None:
    with pytest.raises(GroundTruthError, match="not a plain file"):
        unpacked(archive_with(*infos))
    assert list(cache.iterdir()) == []


def test_bytes_that_are_no_archive_are_refused(cache: Path) -> None:
    with pytest.raises(GroundTruthError, match="cannot be unpacked"):
        unpacked(make_blob(b"{}"))


def test_what_a_killed_worker_left_is_cleared_away_after_a_day(cache: Path, blob: Blob) -> None:
    old, fresh = (cache / f"{ground_truth.DRAFT}{name}" for name in ("old", "fresh"))
    for folder in (old, fresh):
        folder.mkdir(parents=True)
    os.utime(old, (0, time.time() - 25 * 3600))
    unpacked(blob)
    assert (old.exists(), fresh.exists()) == (False, True)
    fresh.rmdir()
