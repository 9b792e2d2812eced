"""Many videos become one submission, whatever interrupts the run."""

import json
import shutil
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from dvis_model import FrameProblem, build, load_checkpoint
from dvis_model.batch import Batch
from dvis_model.jobs import Plan, plan_for
from dvis_model.model import Dvis
from dvis_model.variants import VARIANTS
from tests.dvis_model.films import write_film

TINY = VARIANTS["tiny"]


@pytest.fixture(scope="module")
def model(weights: Path) -> Dvis:
    model = build("tiny")
    load_checkpoint(model, weights)
    return model


def pictures() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (2, 40, 60, 3), dtype=np.uint8))


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for number, picture in enumerate(pictures()):
            Image.fromarray(picture).save(tmp_path / "in" / name / f"{number:05}.png")
    return tmp_path / "in"


def run_all(batch: Batch) -> None:
    with batch:
        for job in batch.jobs:
            if not batch.is_done(job):
                batch.run(job)
        batch.assemble()


NOTHING = Plan([], (1, 2, 3, 4, 5))


def test_a_stopped_run_goes_on_behind_the_last_video(
    model: Dvis, weights: Path, videos: Path, tmp_path: Path
) -> None:
    plan = plan_for(videos, TINY, None)
    run_all(Batch(model, weights, plan, tmp_path / "undisturbed.zip"))
    frame = videos / "two" / "00001.png"
    whole = frame.read_bytes()
    frame.write_bytes(b"no picture")

    output = tmp_path / "out.zip"
    batch = Batch(model, weights, plan, output)
    with pytest.raises(FrameProblem, match=r"^Video two: Frame 1 \(00001\.png\) cannot be read"):
        run_all(batch)
    assert [batch.is_done(job) for job in plan.jobs] == [True, False]
    assert not output.exists()

    frame.write_bytes(whole)
    (videos / "one" / "00000.png").unlink()  # would show if it were read again
    run_all(Batch(model, weights, plan, output))
    assert output.read_bytes() == (tmp_path / "undisturbed.zip").read_bytes()
    assert not batch.parts.exists()


def test_a_run_does_not_go_on_with_another_model(
    model: Dvis, weights: Path, videos: Path, tmp_path: Path
) -> None:
    plan = plan_for(videos, TINY, None)
    with Batch(model, weights, plan, tmp_path / "out") as batch:
        batch.run(plan.jobs[0])
    shorter = build("tiny", refiner="none")
    with pytest.raises(ValueError, match=r"out\.parts holds videos of a run with another configuration\."):
        Batch(shorter, weights, plan, tmp_path / "out")
    others = tmp_path / "others.safetensors"
    safetensors.torch.save_file(build("tiny").state_dict(), others)
    with pytest.raises(ValueError, match="another weights and another precision"):
        Batch(model, others, plan, tmp_path / "out", "bfloat16")


def test_a_result_that_was_cut_off_is_made_anew_and_a_damaged_one_is_named(
    model: Dvis, weights: Path, videos: Path, tmp_path: Path
) -> None:
    plan = plan_for(videos, TINY, None)
    with Batch(model, weights, plan, tmp_path / "out.zip") as batch:
        for job in plan.jobs:
            batch.run(job)
        part = batch.parts / plan.jobs[0].part_name
        whole = part.read_bytes()
        part.write_bytes(whole[: len(whole) // 2])
        assert [batch.is_done(job) for job in plan.jobs] == [False, True]
        part.write_bytes(whole[:50] + bytes(20) + whole[70:])
        with pytest.raises(ValueError, match=r"1 one\.zip is damaged \(.*\): delete it"):
            batch.assemble()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_one_process_at_a_time_writes_to_an_output(model: Dvis, weights: Path, tmp_path: Path) -> None:
    with Batch(model, weights, NOTHING, tmp_path / "out.zip") as batch:
        with pytest.raises(ValueError, match=r"Another process is writing to .*out\.zip\.parts"):
            Batch(model, weights, NOTHING, tmp_path / "out.zip")
        assert json.loads((batch.parts / "run.json").read_text())["precision"] == "float32"
    with Batch(model, weights, NOTHING, tmp_path / "out.zip"):
        pass


@pytest.mark.parametrize("damage", ["{", "[]"])
def test_a_run_that_cannot_be_told_is_not_continued(
    model: Dvis, weights: Path, tmp_path: Path, damage: str
) -> None:
    (tmp_path / "out.parts").mkdir()
    (tmp_path / "out.parts" / "run.json").write_text(damage)
    with pytest.raises(ValueError, match=r"holds videos of a run with another .*Delete that folder"):
        Batch(model, weights, NOTHING, tmp_path / "out")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("a.txt", "is a file, but the output is a folder, or a file that ends in .zip"),
        ("folder.zip", "is a folder, but an output of this name is a file"),
        ("..", "Expected the output to be a folder of its own"),
    ],
)
def test_an_output_that_cannot_be_written_is_told_at_once(
    model: Dvis, weights: Path, tmp_path: Path, output: str, message: str
) -> None:
    (tmp_path / "a.txt").write_text("mine")
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(ValueError, match=message):
        Batch(model, weights, NOTHING, tmp_path / output)


def test_annotations_say_which_videos_there_are(videos: Path, tmp_path: Path) -> None:
    write_film(videos / "three.mp4", pictures())
    assert [(job.video.name, job.id) for job in plan_for(videos, TINY, None).jobs] == [
        ("one", 1),
        ("three", 2),
        ("two", 3),
    ]
    valid = tmp_path / "valid.json"
    listed = [
        {"id": 9, "file_names": ["frames/two/00000.png", "frames/two/00001.png"]},
        {"id": 7, "file_names": ["three/00000.png", "three/00001.png"]},
    ]
    valid.write_text(json.dumps({"videos": listed}))
    assert [(job.video.name, job.id) for job in plan_for(videos, TINY, valid).jobs] == [
        ("two", 9),
        ("three", 7),
    ]
    valid.write_text(json.dumps({"videos": [{"video_id": "two", "images": [{"file_name": "00001.png"}]}]}))
    panoptic = VARIANTS["VIPSeg/DVIS_Offline_R50_720p"]
    assert [job.id for job in plan_for(videos, panoptic, valid).jobs] == ["two"]
    assert [job.id for job in plan_for(videos, panoptic, None).jobs] == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not an annotation file"),
        (b"[]", "is not an annotation file"),
        (
            b'{"images": []}',
            "this task: `videos` is missing. Expected JSON with `videos`, each with `id` and",
        ),
        (b'{"videos": [{"id": 1, "file_names": []}]}', "is not an annotation file"),
        (
            b'{"videos": [{"id": 1, "file_names": ["four/0.png"]}]}',
            r"Not among the input: 1 of the 1 video in valid\.json, first 'four'",
        ),
        (b'{"videos": []}', r"valid\.json lists no videos"),
        (b'{"videos": [{"id": 1, "file_names": ["0.png"]}]}', "Video 1: the picture 0.png is missing"),
        (
            b'{"videos": [{"id": 1, "file_names": ["one/0.png"]}, {"id": 1, "file_names": ["two/0.png"]}]}',
            "lists 2 videos of the id 1; expected one",
        ),
        (
            b'{"videos": [{"id": 1, "file_names": ["one/0.png"]}, {"id": 2, "file_names": ["one/0.png"]}]}',
            "lists 2 videos of the name 'one'; expected one",
        ),
        (
            b'{"videos": [{"id": 1, "file_names": ["one/00001.png", "one/00002.png"]}]}',
            r"Video one: the picture one/00002\.png is missing\. valid\.json lists it as a frame",
        ),
        (
            b'{"videos": [{"id": 1, "length": 3, "file_names": ["one/00001.png"]}]}',
            "the video 1 has `length` 3, but 1 name in `file_names`",
        ),
        (
            b'{"videos": [{"id": 1, "file_names": ["../in/one/00000.png"]}]}',
            "Not among the input: 1 of the 1 video",
        ),
        (
            b'{"videos": [{"id": 1, "file_names": ["one/0.png"]}], "categories": [{"id": 7}, {"id": 8}]}',
            r"valid\.json: it lists 2 categories, but the model tiny has 5 classes\. Use a config",
        ),
        (
            b'{"videos": [{"id": 1, "file_names": ["one/0.png"]}], "categories": [{"id": 7}, {"id": 7}]}',
            "two categories have the id 7",
        ),
        (
            b'{"videos": [{"id": 1, "file_names": ["one/0.png"]}], "categories": [{"id": "7"}]}',
            "the `id` of a category is '7', not a whole number",
        ),
    ],
)
def test_annotations_that_do_not_fit_are_told(
    videos: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "valid.json").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        plan_for(videos, TINY, tmp_path / "valid.json")


def test_vspw_keeps_pictures_beside_masks_and_lists_names(
    model: Dvis, weights: Path, videos: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for name in ("1_a", "2_b", "3_c"):
        shutil.copytree(videos / "one", data / name / "origin")
        shutil.copytree(videos / "two", data / name / "mask")
    (tmp_path / "val.txt").write_text("3_c\n1_a\n")
    config = VARIANTS["tiny_vspw"]
    plan = plan_for(data, config, tmp_path / "val.txt")
    assert [(job.id, job.video.length) for job in plan.jobs] == [("3_c", 2), ("1_a", 2)]
    run_all(Batch(build(config), weights, plan, tmp_path / "out.zip"))
    with ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == [f"{name}/0000{n}.png" for name in ("3_c", "1_a") for n in (0, 1)]
    (tmp_path / "val.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="Expected a list of videos, one name per line"):
        plan_for(data, config, tmp_path / "val.txt")


def test_two_videos_of_one_name_are_told_apart(videos: Path) -> None:
    write_film(videos / "one.mp4", pictures())
    with pytest.raises(ValueError, match="Two videos are called 'one'"):
        plan_for(videos, TINY, None)


def test_files_of_videos_lie_beside_folders_of_pictures(
    model: Dvis, weights: Path, videos: Path, tmp_path: Path
) -> None:
    write_film(videos / "three.mp4", pictures())
    (videos / "notes.txt").write_text("no video")
    found = plan_for(videos, TINY, None).jobs
    assert [(job.video.name, job.video.length) for job in found] == [("one", 2), ("three", 2), ("two", 2)]
    run_all(Batch(model, weights, plan_for(videos, TINY, None), tmp_path / "out.zip"))
    with ZipFile(tmp_path / "out.zip") as archive:
        entries = json.loads(archive.read("results.json"))
    assert sorted({entry["video_id"] for entry in entries}) == [1, 2, 3]


@pytest.mark.parametrize("tracker", ["none", "bipartite", "referring"])
@pytest.mark.parametrize("refiner", ["none", "temporal"])
def test_an_ablation_takes_its_weights_from_the_whole_models(
    model: Dvis, weights: Path, tracker: str, refiner: str
) -> None:
    ablation = build("tiny", tracker=tracker, refiner=refiner)
    load_checkpoint(ablation, weights)
    whole = model.state_dict()
    for key, value in ablation.state_dict().items():
        assert torch.equal(value, whole[key]), key
    assert any(key.startswith("refiner.") for key in ablation.state_dict()) == (refiner == "temporal")
    assert any(key.startswith("tracker.") for key in ablation.state_dict()) == (tracker == "referring")


def test_what_becomes_minvis_gives_as_many_results() -> None:
    ours = build("ovis/DVIS_Offline_R50", tracker="bipartite", refiner="none").config
    official = VARIANTS["ovis/MinVIS_R50"]
    assert (ours.max_num, ours.tracker, ours.refiner) == (official.max_num, "bipartite", "none")
    assert build("tiny", tracker="bipartite", refiner="none").config.max_num == TINY.max_num
