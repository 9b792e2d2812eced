"""python -m dvis_model predict | train | inspect | cost"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from dvis_model import (
    CheckpointMismatch,
    CheckpointRefused,
    FrameProblem,
    OutOfMemory,
    Precision,
    Progress,
    build,
    load_checkpoint,
)
from dvis_model.assembly import ablated
from dvis_model.batch import Batch
from dvis_model.checkpoint import compare, expected_shapes, matching_configs, not_finite, read_state_dict
from dvis_model.config import RefinerKind, TrackerKind
from dvis_model.cost import Cost, measure_cost
from dvis_model.jobs import plan_for
from dvis_model.memory import is_out_of_memory
from dvis_model.variants import VARIANTS, find_config, shipped_weights
from dvis_model.words import counted

app = typer.Typer(
    help="DVIS: segment videos with official checkpoints.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
# The exit status by which shells know a program that Ctrl-C ended.
INTERRUPTED: Final = 130
# Errors that users can fix; anything else is our fault, and shows its traceback.
USER_ERRORS = (
    CheckpointMismatch,
    CheckpointRefused,
    ArithmeticError,
    FrameProblem,
    MemoryError,
    OSError,
    ValueError,
)

TrainingPrecision = Literal["auto", "float32", "bfloat16"]
Config = Annotated[str, typer.Option(help="Official configuration (ovis/DVIS_Offline_R50) or YAML file.")]
Tracking = Annotated[TrackerKind | None, typer.Option("--tracker", help="Replaces the configuration's.")]
Refining = Annotated[RefinerKind | None, typer.Option("--refiner", help="Replaces the configuration's.")]
Device = Annotated[str, typer.Option(help="auto, the GPU where there is one; cpu, cuda, cuda:1.")]


@app.command("predict")
def predict_command(
    config: Config,
    input: Annotated[Path, typer.Option(help="A video or a folder of pictures, or a folder of such.")],
    output: Annotated[Path, typer.Option(help="The submission: a folder, or a file that ends in .zip.")],
    weights: Annotated[
        Path | None,
        typer.Option(help="Checkpoint: .pth, .pkl or .safetensors; without it, the one that is shipped."),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            help="The data set's list of videos, frames and categories: valid.json; for VSPW val.txt."
        ),
    ] = None,
    tracker: Tracking = None,
    refiner: Refining = None,
    device: Device = "auto",
    precision: Annotated[Precision, typer.Option(help="Shorter types are faster on GPUs.")] = "float32",
    window: Annotated[
        int | None, typer.Option(min=1, help="Frames segmented together; changes speed and memory alone.")
    ] = None,
) -> None:
    """Segment videos and write the submission that the benchmark takes.

    Finished videos are kept in OUTPUT.parts until all are there: after an interruption, the same command
    resumes after the last one.
    """
    model = build(config, tracker=tracker, refiner=refiner)
    weights = weights or shipped_weights(model.config)
    if weights is None:
        raise ValueError(f"No weights are shipped for {model.config.name}: give a checkpoint by --weights")
    load_checkpoint(model, weights)
    model.to(_usable(device))
    plan = plan_for(input, model.config, annotations)
    if annotations is None and model.config.task == "vis":
        errors.print("Videos are numbered in the order of their names; --annotations gives a data set's ids.")
    with Batch(model, weights, plan, output, precision) as batch:
        try:
            _run(batch, window)
            batch.assemble()
        except (*USER_ERRORS, KeyboardInterrupt) as error:
            kept = sum(map(batch.is_done, plan.jobs))
            videos = f"{kept} of {counted(len(plan.jobs), 'video')}"
            text = f"{videos} kept in {batch.parts}: the same command goes on."
            errors.print(text, markup=False)
            if isinstance(error, KeyboardInterrupt):
                raise typer.Exit(INTERRUPTED) from error
            raise
    console.print(f"Written: {output}", markup=False)


def _run(batch: Batch, window: int | None) -> None:
    """Segment what is not done yet, with a bar, a line for each video and a summary."""
    jobs = batch.jobs
    waiting = [(number, job) for number, job in enumerate(jobs, start=1) if not batch.is_done(job)]
    if len(waiting) < len(jobs):
        errors.print(f"{len(jobs) - len(waiting)} of {counted(len(jobs), 'video')} there already.")
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    total = 0
    with Bar(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        line = bar.add_task("", total=sum(job.video.length or 0 for _, job in waiting) or None)
        progress = Progress(lambda now: bar.update(line, completed=total + _segmented(now, length)))
        for number, job in waiting:
            length = job.video.length
            bar.update(line, description=f"{number}/{len(jobs)} {job.video.name}")
            begin = time.perf_counter()
            frames = batch.run(job, window_size=window, progress=progress)
            speed = frames / (time.perf_counter() - begin)
            total += frames
            text = f"{number}/{len(jobs)} {job.video.name}: {counted(frames, 'frame')}, {speed:.1f} frames/s"
            errors.print(text, markup=False)
    if total:
        stages = ", ".join(f"{name} {1e3 * taken / total:.1f}" for name, taken in progress.seconds.items())
        errors.print(f"ms per frame: {stages}; peak memory {progress.peak_memory_bytes / 2**20:,.0f} MiB")


def _segmented(progress: Progress, length: int | None) -> int:
    """Return how many of a video's frames went through the segmenter, which takes nearly all of the time."""
    return progress.frames if progress.stage == "segmenter" else length or progress.frames


def _usable(device: str) -> str:
    """Return the device name if this machine has it.

    Raises:
        ValueError: the machine does not have it.
    """
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if device == "auto":
        return gpus[0] if gpus else "cpu"
    there = ["cpu", *(["cuda", *gpus] if gpus else [])]
    if device not in there:
        raise ValueError(f"There is no device {device!r} here, only {', '.join(there)}")
    return device


@app.command("train")
def train_command(
    stage: Annotated[str, typer.Option(help="segmenter, then tracker, then refiner.")],
    config: Config,
    data: Annotated[str, typer.Option(help="synthetic, synthetic:SEED, or a data set's folder.")],
    output: Annotated[Path, typer.Option(help="Folder of the training; a training there goes on.")],
    init: Annotated[Path | None, typer.Option(help="Checkpoint to begin from.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder of the frozen parts' outputs.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Updates of the weights.")] = None,
    clips: Annotated[int | None, typer.Option(min=1, help="Clips per update and GPU.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames per clip.")] = None,
    accumulate: Annotated[
        int | None, typer.Option(min=1, help="Parts of an update, if memory is short.")
    ] = None,
    cached: Annotated[
        int | None, typer.Option(min=0, help="Videos whose frozen outputs are kept in files; 0: none.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0.0, help="Largest learning rate.")] = None,
    size: Annotated[str, typer.Option(help="Size of synthetic frames in pixels, HEIGHTxWIDTH.")] = "96x160",
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order of the data, and points.")] = 0,
    validation: Annotated[str, typer.Option(help="As --data; none: no validation.")] = "none",
    validation_videos: Annotated[int, typer.Option(min=1, help="Of synthetic ones.")] = 20,
    validate_every: Annotated[int, typer.Option(min=1, help="Steps between weights and scores.")] = 2000,
    save_every: Annotated[int, typer.Option(min=1, help="Steps that are lost at most.")] = 200,
    threads: Annotated[int, typer.Option(min=1, help="Threads that prepare pictures.")] = 1,
    device: Device = "auto",
    precision: Annotated[
        TrainingPrecision, typer.Option(help="auto: bfloat16 on GPUs that have it, else float32.")
    ] = "auto",
) -> None:
    """Train a stage of DVIS, each from the weights of the one before.

    Ctrl-C saves; the same command goes on from the last saved step. With several GPUs, start it by torchrun:
    `torchrun --nproc-per-node 4 -m dvis_model train ...`
    """
    # Here, as no other command may load what training needs.
    from dvis_model.training.command import Choices, run

    where = _usable(_own_gpu(device))
    recipe = {
        "steps": steps,
        "clips": clips,
        "frames": frames,
        "accumulate": accumulate,
        "cached": cached,
        "learning_rate": learning_rate,
    }
    choices = Choices(
        stage=stage,
        config=config,
        data=data,
        init=init,
        size=_size(size),
        seed=seed,
        validation=validation,
        validation_videos=validation_videos,
        recipe={name: value for name, value in recipe.items() if value is not None},
        running={
            "save_every": save_every,
            "validate_every": validate_every,
            "threads": threads,
            "precision": _training_type(precision, where),
        },
    )
    if not run(choices, output, cache, where):
        errors.print(f"Saved in {output}: the same command goes on.", markup=False)
        raise typer.Exit(INTERRUPTED)
    console.print(f"Written: {output}", markup=False)


def _own_gpu(device: str) -> str:
    """Return the GPU of this process among those that `torchrun` started, where there are GPUs."""
    number = os.environ.get("LOCAL_RANK")
    return f"cuda:{number}" if number and torch.cuda.is_available() and device != "cpu" else device


def _training_type(precision: TrainingPrecision, device: str) -> torch.dtype | None:
    """Return the type in which a network learns; None is float32.

    Raises:
        ValueError: on a CPU, bfloat16 is far slower.
    """
    if device == "cpu":
        if precision == "bfloat16":
            raise ValueError(
                "On a CPU, training in bfloat16 takes many times as long: use --precision float32"
            )
        return None
    chosen = precision == "bfloat16" or (precision == "auto" and torch.cuda.is_bf16_supported())
    return torch.bfloat16 if chosen else None


@app.command("inspect")
def inspect_command(
    weights: Annotated[Path | None, typer.Option(help="Checkpoint: .pth, .pkl or .safetensors.")] = None,
    config: Annotated[str | None, typer.Option(help="Compare with this configuration.")] = None,
) -> None:
    """List the configurations that a checkpoint fits, or the differences. Without one, list all."""
    if weights is None:
        console.print(*VARIANTS, sep="\n")
        return
    state = read_state_dict(weights)
    found = {key: tuple(value.shape) for key, value in state.items()}
    fits, nearest = matching_configs(found)
    console.print(f"{weights.name}: {counted(len(found), 'entry', 'entries')}", markup=False)
    if broken := not_finite(state):
        console.print(
            f"{counted(len(broken), 'entry holds', 'entries hold')} NaN or infinity, first {broken[0]}",
            markup=False,
        )
        raise typer.Exit(1)
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
    tracker: Tracking = None,
    refiner: Refining = None,
    device: Device = "auto",
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write JSON to this file.")] = None,
) -> None:
    """Measure parameters, multiply-adds, time and memory, stage by stage, with random weights."""
    chosen = ablated(find_config(config), tracker, refiner)
    cost = measure_cost(chosen, _size(size), frames, _usable(device))
    console.print(_table(cost))
    if json_out is not None:
        json_out.write_text(json.dumps(cost.as_dict(), indent=2))


def _size(text: str) -> tuple[int, int]:
    numbers = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if numbers is None:
        raise ValueError(f"Expected --size to be HEIGHTxWIDTH, as 360x640, but got {text!r}")
    return int(numbers[1]), int(numbers[2])


def _table(cost: Cost) -> Table:
    frames = f"{counted(cost.frames, 'frame')} of {cost.height}x{cost.width}"
    table = Table("stage", title=f"{cost.config}, {frames}, {cost.device}")
    for unit in ("M parameters", "GMACs per frame", "ms per frame"):
        table.add_column(unit, justify="right")
    for stage in cost.stages:
        numbers = (stage.parameters / 1e6, stage.gmacs, stage.milliseconds)
        table.add_row(stage.name, *(f"{number:.2f}" for number in numbers))
    table.caption = f"peak memory {cost.peak_memory_bytes / 2**20:,.0f} MiB"
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and print errors that the user can fix without a traceback."""
    try:
        app(arguments)
    except (*USER_ERRORS, RuntimeError) as error:
        if is_out_of_memory(error) and not isinstance(error, OutOfMemory):
            errors.print("Memory ran out. Use smaller or fewer frames, or a machine with more.", style="red")
        elif isinstance(error, USER_ERRORS):
            errors.print(str(error), style="red", markup=False)
        else:
            raise
        sys.exit(2)


if __name__ == "__main__":
    main()
