"""The frames of a split: their names, read from its ground truth, and the files that runs and pages find."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from django.db import transaction
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from evaluator.files.words import counted
from evaluator.frame_names import frame_order, listed_frames
from evaluator.types import VideoInfo
from webapp.benchmarks.models import FrameNames, Split
from webapp.blobs.models import Blob
from webapp.blobs.storage import blob_path
from webapp.refusal import Refused

logger = logging.getLogger(__name__)

PICTURES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
BESIDE_MASKS: Final = "origin"  # VSPW keeps the pictures of a video in this folder
SHOWN: Final = 3


def frame_names_read(*, evaluator: str, ground_truth: Blob) -> dict[str, list[str]]:
    """Return the names that a stored ground truth lists, by video. Raises OSError, ValueError."""
    with blob_path(ground_truth) as path:
        return listed_frames(evaluator, path)


def frame_names_store(*, split: Split, names: dict[str, list[str]]) -> None:
    """Keep the names, in the caller's transaction, which has locked the split."""
    FrameNames.objects.update_or_create(split=split, defaults={"names": names})


def frame_names_fill(*, split_id: int) -> dict[str, list[str]]:
    """Return the names of a split's frames; they are read and kept first where that is not done.

    Raises OSError, ValueError: the ground truth cannot be read.
    """
    known = FrameNames.objects.filter(split=split_id).first()
    if known is not None:
        stored: dict[str, list[str]] = known.names
        return stored
    split = Split.objects.select_related("benchmark", "ground_truth").get(pk=split_id)
    if split.ground_truth is None:
        return {}
    names = frame_names_read(evaluator=split.benchmark.evaluator, ground_truth=split.ground_truth)
    with transaction.atomic():
        locked = Split.objects.select_for_update().get(pk=split_id)
        if locked.ground_truth_id == split.ground_truth_id:  # otherwise an import has stored newer names
            frame_names_store(split=locked, names=names)
    return names


def frame_names_fill_missing() -> int:
    """Fill the splits with frames whose names were never read. Returns how many."""
    missing = Split.objects.filter(ground_truth__isnull=False, frame_names__isnull=True)
    filled = 0
    for split_id in missing.exclude(frames_dir="").values_list("pk", flat=True):
        try:
            frame_names_fill(split_id=split_id)
        except (OSError, ValueError):
            logger.exception("The names of the frames of split %s cannot be read", split_id)
        else:
            filled += 1
    return filled


def frames_check(root: Path, videos: Sequence[VideoInfo], names: Mapping[str, Sequence[str]]) -> None:
    """Refuse a folder that lacks frames. Raises Refused, which names the first videos and counts them.

    Args:
        root: a folder with a folder per video.
        videos: of the split.
        names: by id or name of the video, its frames as the ground truth lists them.
    """
    stems: dict[str, set[str] | None] = {}
    lacking = []
    for video in videos:
        listed = names.get(str(video.id)) or names.get(video.name)
        missing = _missing(root, video, listed, stems)
        if missing:
            lacking.append(f"{video.name} ({missing})")
    if lacking:
        more = f", and {len(lacking) - SHOWN:,} more" if len(lacking) > SHOWN else ""
        raise Refused(
            "frames-missing",
            f"{root} lacks frames of {len(lacking):,} of {counted(len(videos), 'video')}: "
            f"{', '.join(lacking[:SHOWN])}{more}.",
            "Give the folder that holds one folder per video, with all frames, or leave --frames out.",
        )


def frame_paths(split: Split, video: VideoInfo, indices: Sequence[int]) -> list[Path | None]:
    """Return the files of frames, real paths below the split's folder; None where there is none.

    It is the one that the ground truth lists, also with another suffix; where it lists none, the pictures in
    the folder of the video count, by the numbers in their names. Links out of the folder are not followed.

    Raises OSError: a folder cannot be read.
    """
    if not split.frames_dir:
        return [None for _ in indices]
    root = Path(split.frames_dir).resolve()
    folders: dict[str, list[Path]] = {}
    listed = _listed_names(split, video, indices)
    return [
        _real_picture(root, name, video, index, folders) if 0 <= index < video.length else None
        for index, name in zip(indices, listed, strict=True)
    ]


def _listed_names(split: Split, video: VideoInfo, indices: Sequence[int]) -> list[str | None]:
    """Return the names of frames, "" where the list is shorter; None where the video has no list.

    The database takes them out of all names, which may be megabytes.
    """
    label = video.name if split.benchmark.has_maps else str(video.id)
    at = [KeyTextTransform(str(index), KeyTransform(label, "names")) for index in indices]
    found = FrameNames.objects.filter(split=split, names__has_key=label).values_list(*at).first()
    return [None for _ in indices] if found is None else [name or "" for name in found]


def _real_picture(
    root: Path, listed: str | None, video: VideoInfo, index: int, folders: dict[str, list[Path]]
) -> Path | None:
    found = _listed_picture(root, listed, video, index, folders)
    path = found.resolve() if found is not None else None
    return path if path is not None and path.is_relative_to(root) and path.is_file() else None


def _listed_picture(
    root: Path, listed: str | None, video: VideoInfo, index: int, folders: dict[str, list[Path]]
) -> Path | None:
    """Find the picture of a frame; `folders` keeps what was read of the disk."""
    name = PurePosixPath(video.name if listed is None else listed)
    folder = str(name if listed is None else name.parent)
    if folder not in folders:
        path = _picture_folder(root, folder)
        folders[folder] = [] if path is None else _pictures(path)
    pictures = folders[folder]
    if listed is None:
        in_order = sorted(pictures, key=lambda file: frame_order(file.name))
        return in_order[index] if len(in_order) == video.length else None
    same = [file for file in pictures if file.name == name.name]
    same = same or [file for file in pictures if file.stem in (name.name, name.stem)]
    return same[0] if len(same) == 1 else None


def _missing(
    root: Path,
    video: VideoInfo,
    listed: Sequence[str] | None,
    stems: dict[str, set[str] | None],
) -> str:
    """Return words for the frames of a video that are not there; "" where all are."""
    if not listed:
        there = _stems(root, video.name, stems)
        if there is None:
            return "no folder"
        found = counted(len(there), "picture")
        return "" if len(there) == video.length else f"{found} instead of {video.length:,}"
    absent = []
    for name in map(PurePosixPath, listed):
        there = _stems(root, str(name.parent), stems)
        if there is None:
            return "no folder"
        if name.name not in there and name.stem not in there:
            absent.append(name.name)
    if not absent:
        return ""
    more = f" and {len(absent) - SHOWN:,} more" if len(absent) > SHOWN else ""
    return f"{', '.join(absent[:SHOWN])}{more}"


def _stems(root: Path, folder: str, known: dict[str, set[str] | None]) -> set[str] | None:
    """Return the names of a folder's pictures without suffix; None where there is no folder."""
    if folder not in known:
        path = _picture_folder(root, folder)
        known[folder] = None if path is None else {file.stem for file in _pictures(path)}
    return known[folder]


def _picture_folder(root: Path, folder: str) -> Path | None:
    """Return where the pictures of a listed folder lie; None where there is none.

    Leading folders may be absent below `root`, as where a run looks for frames.
    """
    parts = [part for part in PurePosixPath(folder).parts if part not in {".", "/"}]
    if ".." in parts:
        return None
    places = [root.joinpath(*parts[start:]) for start in range(len(parts))]
    places += [root] if not parts or root.resolve().name == parts[-1] else []
    path = next((place for place in places if place.is_dir()), None)
    return path / BESIDE_MASKS if path is not None and (path / BESIDE_MASKS).is_dir() else path


def _pictures(folder: Path) -> list[Path]:
    files = (file for file in folder.iterdir() if not file.name.startswith("."))
    return [file for file in files if file.suffix.lower() in PICTURES]
