"""python -m dvis_model predict | inspect | cost"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dvis_model import (
    CheckpointMismatch,
    CheckpointRefused,
    FrameProblem,
    NotFinite,
    Precision,
    assemble,
    build,
    find_videos,
    load_checkpoint,
    predict,
    write_video,
)
from dvis_model.checkpoint import compare, expected_shapes, matching_configs, read_state_dict
from dvis_model.cost import Cost, measure_cost
from dvis_model.variants import VARIANTS, find_config

app = typer.Typer(
    help="DVIS: segment videos with official checkpoints.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
# What users can mend; anything else is ours, and shows its traceback.
USER_ERRORS = (
    CheckpointMismatch,
    CheckpointRefused,
    FileNotFoundError,
    FrameProblem,
    MemoryError,
    NotFinite,
    ValueError,
)

Config = Annotated[str, typer.Option(help="Official configuration (ovis/DVIS_Offline_R50) or YAML file.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]


@app.command("predict")
def predict_command(
    config: Config,
    weights: Annotated[Path, typer.Option(help="Checkpoint: .pth, .pkl or .safetensors.")],
    input: Annotated[Path, typer.Option(help="A video, a folder of pictures, or a folder of such folders.")],
    output: Annotated[Path, typer.Option(help="Folder for the files of the submission.")],
    device: Device = "cpu",
    precision: Annotated[Precision, typer.Option(help="bfloat16 is faster on most GPUs.")] = "float32",
    window: Annotated[
        int | None, typer.Option(min=1, help="Frames segmented together; changes speed and memory alone.")
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="The data set's JSON, for its videos' ids.")
    ] = None,
) -> None:
    """Segment videos and write the files that the benchmark takes."""
    model = build(config)
    load_checkpoint(model, weights)
    model.to(device)
    videos = find_videos(input)
    ids = _video_ids(annotations) if annotations else {}
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as folder:
        parts = []
        for number, video in enumerate(videos, start=1):
            console.print(f"{number}/{len(videos)} {video.name}", markup=False)
            result = predict(model, video.frames(), precision=precision, window_size=window)
            fallback = number if model.config.task == "vis" else video.name
            parts.append(Path(folder, f"{number}.zip"))
            names = video.frame_names(result.num_frames)
            write_video(parts[-1], model.config, ids.get(video.name, fallback), names, result)
        assemble(parts, output, model.config)


def _video_ids(annotations: Path) -> dict[str, int | str]:
    """Return the id of each video by the name of its folder."""
    videos = json.loads(annotations.read_text())["videos"]
    return {video["file_names"][0].split("/")[0]: video["id"] for video in videos}


@app.command("inspect")
def inspect_command(
    weights: Annotated[Path | None, typer.Option(help="Checkpoint: .pth, .pkl or .safetensors.")] = None,
    config: Annotated[str | None, typer.Option(help="Compare with this configuration.")] = None,
) -> None:
    """Tell which configurations a checkpoint fits, or what differs. Without one, list all configurations."""
    if weights is None:
        console.print(*VARIANTS, sep="\n")
        return
    found = {key: tuple(value.shape) for key, value in read_state_dict(weights).items()}
    fits, nearest = matching_configs(found)
    console.print(f"{weights.name}: {len(found)} entries", markup=False)
    if config is None and fits:
        console.print("fits", *fits, sep="\n  ")
        return
    wanted = find_config(config or nearest)
    difference = compare(found, expected_shapes(wanted))
    if not difference:
        console.print(f"fits {wanted.name}", markup=False)
        return
    console.print(f"differs from {wanted.name}:", *difference.lines(), sep="\n  ", markup=False)
    raise typer.Exit(1)


@app.command("cost")
def cost_command(
    config: Config,
    size: Annotated[str, typer.Option(help="Frames' size in pixels, HEIGHTxWIDTH.")] = "360x640",
    frames: Annotated[int, typer.Option(min=1, help="Frames of the video.")] = 5,
    device: Device = "cpu",
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write JSON to this file.")] = None,
) -> None:
    """Measure parameters, multiply-adds, time and memory, stage by stage, with random weights."""
    numbers = re.fullmatch(r"(\d+)x(\d+)", size)
    if numbers is None:
        raise ValueError(f"Expected --size to be HEIGHTxWIDTH, as 360x640, but got {size!r}")
    cost = measure_cost(find_config(config), (int(numbers[1]), int(numbers[2])), frames, device)
    console.print(_table(cost))
    if json_out is not None:
        json_out.write_text(json.dumps(cost.as_dict(), indent=2))


def _table(cost: Cost) -> Table:
    frames = f"{cost.frames} frames of {cost.height}x{cost.width}"
    table = Table("stage", title=f"{cost.config}, {frames}, {cost.device}")
    for unit in ("M parameters", "GMACs a frame", "ms a frame"):
        table.add_column(unit, justify="right")
    for stage in cost.stages:
        numbers = (stage.parameters / 1e6, stage.gmacs, stage.milliseconds)
        table.add_row(stage.name, *(f"{number:.2f}" for number in numbers))
    table.caption = f"peak memory {cost.peak_memory_bytes / 2**20:,.0f} MiB"
    return table


def main() -> None:
    """Run, and tell without a traceback what the user can mend."""
    try:
        status = app(standalone_mode=False)
    except USER_ERRORS as error:
        errors.print(str(error), style="red", markup=False)
        status = 2
    sys.exit(status)


if __name__ == "__main__":
    main()
