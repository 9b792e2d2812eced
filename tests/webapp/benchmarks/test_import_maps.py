"""`manage.py import_benchmark` with a ground truth that is a folder of PNG maps."""

import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.support.map_benchmarks import MAKERS, SHAPE, VIDEOS, MapBenchmark
from webapp.benchmarks.models import Benchmark, Split
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_open

pytestmark = pytest.mark.django_db


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> MapBenchmark:
    return MAKERS[request.param](tmp_path)


def import_benchmark(made: MapBenchmark, truth: Path, *options: str) -> str:
    out = io.StringIO()
    arguments = ["maps", "--benchmark", made.evaluator, "--split", "val", "--gt", str(truth)]
    call_command("import_benchmark", *arguments, *options, stdout=out)
    return out.getvalue()


def stored() -> Blob:
    blob = Split.objects.select_related("ground_truth").get().ground_truth
    assert blob is not None
    return blob


def test_a_folder_becomes_an_open_split_with_its_videos_by_name(made: MapBenchmark) -> None:
    assert ": 2 videos, " in import_benchmark(made, made.truth, "--open")
    split = Split.objects.get()
    assert split.is_open()
    frames, height, width = SHAPE
    assert split.videos == [
        {"id": number, "name": name, "length": frames, "height": height, "width": width}
        for number, name in enumerate(VIDEOS, start=1)
    ]
    assert len(split.benchmark.categories) == (4 if made.evaluator == "vipseg" else 124)


def test_what_is_stored_are_exactly_the_files_that_an_evaluation_reads(made: MapBenchmark) -> None:
    wanted = {path.relative_to(made.truth).as_posix() for path in made.truth.rglob("*") if path.is_file()}
    for name in ("notes.txt", "unused.json", ".hidden", "origin/park.jpg"):
        (made.truth / name).parent.mkdir(exist_ok=True)
        (made.truth / name).write_text("not for the evaluator")
    import_benchmark(made, made.truth)
    with blob_open(stored()) as file, zipfile.ZipFile(file) as archive:
        assert set(archive.namelist()) == wanted
        assert all(archive.read(name) == (made.truth / name).read_bytes() for name in wanted)


def test_the_same_folder_gives_the_same_blob_wherever_and_whenever_it_lies(
    made: MapBenchmark, tmp_path: Path
) -> None:
    import_benchmark(made, made.truth)
    first = stored()
    elsewhere = tmp_path / "elsewhere" / "copy"
    shutil.copytree(made.truth, elsewhere)
    for path in elsewhere.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (0, 1_234_567_890))
    import_benchmark(made, elsewhere)
    assert stored() == first
    assert Blob.objects.count() == 1


def test_the_file_in_the_folder_may_be_named_instead(made: MapBenchmark) -> None:
    import_benchmark(made, made.truth)
    first = stored()
    name = "panoptic_gt_VIPSeg_val.json" if made.evaluator == "vipseg" else "val.txt"
    import_benchmark(made, made.truth / name)
    assert stored() == first


def test_a_list_of_videos_of_another_name_chooses_them(tmp_path: Path) -> None:
    made = MAKERS["vspw"](tmp_path)
    (made.truth / "one.txt").write_text(f"{VIDEOS[1]}\n")
    import_benchmark(made, made.truth / "one.txt")
    assert [video["name"] for video in Split.objects.get().videos] == [VIDEOS[1]]
    with blob_open(stored()) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("val.txt").decode() == f"{VIDEOS[1]}\n"
        assert not any(VIDEOS[0] in name for name in archive.namelist())


def test_a_folder_that_lacks_a_map_is_refused_in_words_and_nothing_is_made(made: MapBenchmark) -> None:
    for path in made.truth.rglob(f"*{VIDEOS[1]}*/**/*.png"):
        path.unlink()
    with pytest.raises(CommandError, match=r"nothing was changed(.|\n)*gt-files"):
        import_benchmark(made, made.truth)
    assert not Benchmark.objects.exists()
    assert not Blob.objects.exists()


def test_a_damaged_map_is_refused(made: MapBenchmark) -> None:
    next(made.truth.rglob("00000.png")).write_bytes(b"no PNG")
    with pytest.raises(CommandError, match="gt-map"):
        import_benchmark(made, made.truth)


def test_a_folder_that_is_not_there_is_named(made: MapBenchmark, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no folder .*nowhere.\n  -> Give the folder"):
        import_benchmark(made, tmp_path / "nowhere")


def test_a_folder_is_no_ground_truth_of_tracklets(made: MapBenchmark) -> None:
    arguments = ["maps", "--benchmark", "ovis", "--split", "val", "--gt", str(made.truth)]
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_benchmark", *arguments)


def test_frames_are_found_by_the_names_of_the_videos(made: MapBenchmark, tmp_path: Path) -> None:
    folders = [tmp_path / "frames" / name / "origin" for name in VIDEOS]
    for folder in folders:
        folder.mkdir(parents=True)
        for frame in range(SHAPE[0]):
            (folder / f"{frame:05}.jpg").touch()
    (folders[1] / "00003.jpg").unlink()
    with pytest.raises(CommandError, match=rf"of 1 of 2 videos: {VIDEOS[1]} \(00003"):
        import_benchmark(made, made.truth, "--frames", str(tmp_path / "frames"))
    (folders[1] / "00003.jpg").touch()
    import_benchmark(made, made.truth, "--frames", str(tmp_path / "frames"))
    assert Split.objects.get().frames_dir == str(tmp_path / "frames")
