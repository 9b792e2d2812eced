"""The command line, and that it says what is wrong and what to do, without a traceback."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from dvis_model import build
from dvis_model.__main__ import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str]:
    """Return the exit status and what was said."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return ended.value.code, said.out + said.err


@pytest.fixture
def options(tmp_path: Path) -> list[object]:
    """Those of a prediction of one video with two pictures."""
    weights, frames = tmp_path / "tiny.safetensors", tmp_path / "frames"
    safetensors.torch.save_file(build("tiny").state_dict(), weights)
    frames.mkdir()
    for number in range(2):
        Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(frames / f"{number}.png")
    return ["predict", "--config", "tiny", "--weights", weights, "--input", frames, "--output"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage:"),
        (["predict"], "Missing option '--config'"),
        (["segment"], "No such command 'segment'"),
        (["cost", "--config", "tiny", "--frames", "0"], "'--frames'"),
        (["cost", "--config", "tiny", "--size", "0x64"], "Expected --size to be HEIGHTxWIDTH"),
        (["cost", "--config", "tiny", "--size", "10000000x10000000"], "Memory ran out"),
    ],
)
def test_what_was_typed_wrongly_is_told(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(capsys, *arguments)
    assert status == 2
    assert message in said


def test_a_video_is_segmented(
    options: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(capsys, *options, tmp_path / "out.zip")
    assert status == 0
    assert "1/1 frames: 2 frames" in said
    assert (tmp_path / "out.zip").exists()


def test_a_place_where_nothing_can_be_written_is_named(
    options: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    status, said = run(capsys, *options, tmp_path / "file" / "out.zip")
    assert status == 2
    assert "Not a directory" in said
    assert "out.zip.parts" in said


def test_inspect_tells_of_weights_that_are_not_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = build("tiny").state_dict()
    state["tracker.class_embed.bias"][1] = torch.nan
    safetensors.torch.save_file(state, tmp_path / "weights")
    status, said = run(capsys, "inspect", "--weights", tmp_path / "weights")
    assert status == 1
    assert "1 entry holds NaN or infinity, first tracker.class_embed.bias" in said


def test_brackets_in_a_path_are_said_as_they_are(
    options: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "frames" / "1.png").write_bytes(b"no picture")
    status, said = run(capsys, *options, tmp_path / "[" / "bold]" / "out.zip")
    assert status == 2
    assert f"0 of 1 video kept in {tmp_path}/[/bold]/out.zip.parts: the same command goes on." in said


def test_inspect_tells_what_a_checkpoint_fits(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = run(capsys, "inspect", "--weights", weights)
    assert (status, said.split()[-1]) == (0, "tiny")


def test_inspect_tells_what_differs(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = run(capsys, "inspect", "--weights", weights, "--config", "ovis/MinVIS_R50")
    assert status == 1
    assert "differs from ovis/MinVIS_R50:" in said
    assert "backbone: " in said


def test_cost_is_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--config", "tiny", "--size", "64x96", "--frames", "2", "--json", tmp_path / "cost")
    status, said = run(capsys, "cost", *asked)
    assert status == 0, said
    cost = json.loads((tmp_path / "cost").read_text())
    stages = {stage["name"]: stage for stage in cost["stages"]}
    assert set(stages) >= {"backbone", "pixel decoder", "masked decoder", "segmenter", "tracker", "refiner"}
    assert "peak memory" in said
    assert all(stage["gmacs"] > 0 and stage["milliseconds"] > 0 for stage in stages.values())
    assert cost["peak_memory_bytes"] > 2**20


def test_an_ablation_costs_what_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--config", "tiny", "--size", "64x96", "--tracker", "bipartite", "--refiner", "none")
    status, said = run(capsys, "cost", *asked, "--frames", "1", "--json", tmp_path / "cost")
    assert status == 0, said
    stages = {stage["name"]: stage for stage in json.loads((tmp_path / "cost").read_text())["stages"]}
    assert "refiner" not in stages
    assert stages["tracker"]["parameters"] == 0
