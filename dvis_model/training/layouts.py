"""Where a data set has its frames and its truth: the layouts of YouTube-VIS, OVIS, VIPSeg and VSPW."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dvis_model.config import Task
from dvis_model.words import counted

FRAME_FOLDERS: Final = ("frames", "images", "imgs", "JPEGImages", "train/JPEGImages", "train", "data", ".")
PANOPTIC_MAPS: Final = ("panomasksRGB", "panomasks_rgb", "panoptic_masks")
KEYS: Final[dict[Task, tuple[str, ...]]] = {
    "vis": ("videos", "annotations", "categories"),
    "vps": ("videos", "annotations", "categories"),
    "vss": (),
}
EXPECTED: Final[dict[Task, str]] = {
    "vis": "a JSON file of YouTube-VIS or OVIS with `videos`, `annotations` and `categories`, and the frames "
    "in frames/, JPEGImages/ or train/JPEGImages/",
    "vps": "VIPSeg's panoptic_gt_*.json beside panomasksRGB/, and the frames in frames/ or images/",
    "vss": "VSPW's train.txt (or val.txt) beside data/<video>/mask/, and the frames in data/<video>/origin/ "
    "or frames/<video>/",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A data set on disk.

    Attributes:
        frames: folder of the videos' folders.
        annotations: the list of videos: JSON, or for VSPW names.
        truth: what `evaluator.evaluate` takes.
        maps: folder of the videos' maps; the annotations' folder where there are none.
        benchmark: key by which `evaluator` knows the format.
    """

    frames: Path
    annotations: Path
    truth: Path
    maps: Path
    benchmark: str


def find_layout(path: Path, task: Task) -> Layout:
    """Return where the parts of a data set are.

    Raises:
        FileNotFoundError: there is no such folder, or a part is missing; the message says what is expected.
        ValueError: there are several lists of videos.
    """
    if not path.exists():
        raise FileNotFoundError(f"No such data set: {path}. Expected {EXPECTED[task]}, or --data synthetic")
    annotations = _annotations(path, task)
    root = annotations.parent if path.is_file() else path
    frames = next(
        (root / name for name in FRAME_FOLDERS if _has_frames(root / name, annotations, task)), None
    )
    if frames is None:
        raise FileNotFoundError(
            f"No frames below {root}, as {annotations.name} lists them. Expected {EXPECTED[task]}"
        )
    here = annotations.parent
    match task:
        case "vis":
            is_ovis = b'"occlusion"' in annotations.read_bytes()
            return Layout(frames, annotations, annotations, here, "ovis" if is_ovis else "ytvis2021")
        case "vps":
            maps = next((here / name for name in PANOPTIC_MAPS if (here / name).is_dir()), None)
            if maps is None:
                raise FileNotFoundError(f"No panomasksRGB/ beside {annotations}. Expected {EXPECTED[task]}")
            return Layout(frames, annotations, here, maps, "vipseg")
        case "vss":
            return Layout(frames, annotations, here, here / "data", "vspw")


def _annotations(path: Path, task: Task) -> Path:
    """Return the file that lists the videos: the only one there is, or the one for training."""
    found = [path] if path.is_file() else list(_lists(path, task))
    if not found:
        raise FileNotFoundError(f"No list of videos in {path}. Expected {EXPECTED[task]}")
    training = [file for file in found if "train" in file.name]
    chosen = training if len(training) == 1 else found
    if len(chosen) > 1:
        names = ", ".join(sorted(file.name for file in chosen))
        raise ValueError(
            f"{path} has {counted(len(chosen), 'list')} of videos ({names}): give the path of one as --data"
        )
    return chosen[0]


def _lists(path: Path, task: Task) -> Iterator[Path]:
    for folder in (path, path / "annotations", path / "ground_truth"):
        if task == "vss":
            yield from (file for file in sorted(folder.glob("*.txt")) if (folder / "data").is_dir())
        else:
            yield from (file for file in sorted(folder.glob("*.json")) if _has_keys(file, KEYS[task]))


def _has_keys(file: Path, keys: tuple[str, ...]) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and all(key in content for key in keys)


def _has_frames(folder: Path, annotations: Path, task: Task) -> bool:
    """Return whether the first listed video lies in a folder."""
    if task == "vss":
        names = annotations.read_text("utf-8").split()
        return bool(names) and (folder / names[0]).is_dir() and _is_no_map(folder / names[0])
    video: dict[str, Any] = next(iter(json.loads(annotations.read_bytes())["videos"]), {})
    if task == "vps":
        return (folder / str(video.get("video_id"))).is_dir() and folder.name not in PANOPTIC_MAPS
    return any((folder / name).is_file() for name in video.get("file_names", [])[:1])


def _is_no_map(folder: Path) -> bool:
    return (folder / "origin").is_dir() or not (folder / "mask").is_dir()
