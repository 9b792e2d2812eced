"""Writes results as the files that the benchmarks take, the same that any user would upload.

YouTube-VIS, OVIS    results.json
VIPSeg               pred.json, pan_pred/<video>/<frame>.png
VSPW                 <video>/<frame>.png

Each video is stored in a file of its own as soon as it is done, and the submission is assembled from these:
an interrupted run resumes with the next video.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask

from dvis_model.categories import category_ids
from dvis_model.config import DvisConfig
from dvis_model.outputs import Segment, VideoInstances, VideoPanoptic, VideoResult, VideoSemantic

# Odd, so that multiplying spreads ids over the colours without two of them meeting.
COLOUR_STEP: Final = 2654435761
COLOURS: Final = 2**24
# A video's entries in the list that all videos share.
ENTRIES_NAME: Final = "entries.json"
# Of each task that has one: the file of the list, and what stands around it.
LISTS: Final = {"vis": ("results.json", "[", "]"), "vps": ("pred.json", '{"annotations": [', "]}")}

Put = Callable[[str, bytes], None]


def write_video(
    path: Path,
    config: DvisConfig,
    video: int | str,
    frame_names: Sequence[str],
    result: VideoResult,
    *,
    categories: Sequence[int] | None = None,
) -> None:
    """Write one video's part of a submission to a zip file, whole or not at all.

    Args:
        video: its id in the data set.
        frame_names: names of its pictures, `00000012.jpg`; as many as the result has frames.
        categories: the data set's id of each class, see `category_ids`; None: the official data set's.
    """
    ids = category_ids(config) if categories is None else categories
    with _zip(path) as put:
        match result:
            case VideoInstances():
                entries: list[dict[str, Any]] = instance_entries(video, result, ids)
            case VideoPanoptic():
                entries = [_put_panoptic(put, str(video), frame_names, result, ids)]
            case VideoSemantic():
                entries = []
                _put_semantic(put, str(video), frame_names, result, ids)
        put(ENTRIES_NAME, json.dumps(entries).encode())


def assemble(parts: Sequence[Path], target: Path, config: DvisConfig) -> None:
    """Join what `write_video` wrote, in this order, to a submission: a zip file if so named, else a folder.

    The same parts give the same bytes. A zip file is written whole or not at all.

    Raises:
        ValueError: a part is damaged.
    """
    with _zip(target) if target.suffix == ".zip" else _folder(target) as put:
        entries = []
        for part in parts:
            for name, content in _contents(part):
                if name == ENTRIES_NAME:
                    entries.append(content.decode()[1:-1])
                else:
                    put(name, content)
        if config.task in LISTS:
            name, head, tail = LISTS[config.task]
            put(name, (head + ", ".join(filter(None, entries)) + tail).encode())


def _contents(part: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with ZipFile(part) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    except (BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{part} is damaged ({error}): delete it, and its video is segmented again"
        ) from error


@contextmanager
def _zip(path: Path) -> Iterator[Put]:
    """Yield what adds a file to a new archive, without its date: equal contents are equal bytes.

    It has its name only when it is complete.
    """
    unfinished = path.with_name(f"{path.name}.part")

    def put(name: str, content: bytes) -> None:
        method = ZIP_STORED if name.endswith(".png") else ZIP_DEFLATED
        archive.writestr(ZipInfo(name), content, method)

    try:
        with ZipFile(unfinished, "w") as archive:
            yield put
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def _folder(path: Path) -> Iterator[Put]:
    """Yield what adds a file to a folder."""

    def put(name: str, content: bytes) -> None:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)

    path.mkdir(parents=True, exist_ok=True)
    yield put


def _put_panoptic(
    put: Put, video: str, frame_names: Sequence[str], result: VideoPanoptic, categories: Sequence[int]
) -> dict[str, Any]:
    frames = []
    for name, ids in zip(frame_names, result.ids, strict=True):
        put(f"pan_pred/{video}/{PurePath(name).stem}.png", _png(coloured(ids)))
        frames.append({"file_name": name, "segments_info": segments_info(ids, result.segments, categories)})
    return {"video_id": video, "annotations": frames}


def _put_semantic(
    put: Put, video: str, frame_names: Sequence[str], result: VideoSemantic, categories: Sequence[int]
) -> None:
    table = np.array(categories, dtype=np.uint8)
    for name, labels in zip(frame_names, result.labels, strict=True):
        put(f"{video}/{PurePath(name).stem}.png", _png(table[labels]))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return file.getvalue()


def instance_entries(video: int | str, result: VideoInstances, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the entries of results.json: every frame has a mask, empty ones too."""
    return [
        {
            "video_id": video,
            "score": float(score),
            "category_id": ids[label],
            "segmentations": [_rle(mask) for mask in masks],
        }
        for score, label, masks in zip(result.scores, result.labels, result.masks, strict=True)
    ]


def _rle(mask: NDArray[np.bool_]) -> dict[str, Any]:
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(map(int, rle["size"])), "counts": rle["counts"].decode()}


def colour_ids(ids: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the number that a segment has in a PNG: R + 256 G + 65536 B. 0, void, stays 0."""
    return ids.astype(np.int64) * COLOUR_STEP % COLOURS


def coloured(ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return uint8 RGB [H, W, 3] of segment ids [H, W]."""
    numbers = colour_ids(ids)
    return np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], axis=-1).astype(np.uint8)


def segments_info(
    ids: NDArray[np.int32], segments: Sequence[Segment], categories: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the segments that one frame [H, W] shows.

    Official quirk: width and height of a box are largest less smallest coordinate, one less than its pixels.
    """
    infos = []
    for segment in segments:
        rows, columns = np.nonzero(ids == segment["id"])
        if not len(rows):
            continue
        x, y = int(columns.min()), int(rows.min())
        infos.append(
            {
                "id": int(colour_ids(np.array(segment["id"], dtype=np.int32))),
                "category_id": categories[segment["category_id"]],
                "iscrowd": 0,
                "area": len(rows),
                "bbox": [x, y, int(columns.max()) - x, int(rows.max()) - y],
            }
        )
    return infos
