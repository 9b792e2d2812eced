"""Recognises other file formats by their first bytes, by their fields, or by the names in an archive.

Each answer completes "This looks like ...", so that whoever chose the wrong file learns what it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

_SIGNATURES: Final = (
    (b"PK", "a zip archive"),
    (b"\x1f\x8b", "a gzip file, such as a .tar.gz"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    *((bytes((0x80, protocol)), "a Python pickle, such as results.pkl") for protocol in (2, 3, 4, 5)),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"<", "an HTML or XML page"),
)
_TAR_OFFSET: Final = 257
_MP4_OFFSET: Final = 4
# "frame id class height width rle" of MOTS and KITTI, "frame,id,left,top,width,height,..." of MOTChallenge.
_MOTS: Final = re.compile(rb"\d+ \d+ \d+ \d+ \d+ \S+\s")
_MOT: Final = re.compile(rb"\d+, ?-?\d+, ?-?[\d.]+, ?-?[\d.]+, ?-?[\d.]+")
_RESULT_LISTS: Final = ("results", "predictions", "annotations", "data")
_MANY_NAMES: Final = 1000


def form_of_bytes(head: bytes) -> str | None:
    """Name the form of a file that begins with `head`; None for JSON and for unknown forms."""
    for signature, form in _SIGNATURES:
        if head.startswith(signature):
            return form
    if head[_TAR_OFFSET : _TAR_OFFSET + 5] == b"ustar":
        return "a tar archive"
    if head[_MP4_OFFSET : _MP4_OFFSET + 4] == b"ftyp":
        return "an MP4 video"
    return None


def form_of_text(head: bytes) -> str | None:
    """Name the form of a text that is not JSON."""
    if _MOTS.match(head):
        return "a text file of MOTS (frame, object, class, height, width, mask)"
    if _MOT.match(head):
        return "a text file of boxes, as MOTChallenge has them"
    return None


def form_of_fields(fields: Collection[str]) -> str | None:
    """Name the form of a JSON object with these fields at its top."""
    has = set(fields).issuperset
    if {"track_bboxes", "track_masks", "det_bboxes", "det_masks"} & set(fields):
        return "results of MMTracking (a list per video, frame and class)"
    if has({"sequences"}):
        return "the format of BURST (`sequences` with one mask per frame and track)"
    if has({"tracks", "annotations"}):
        return "annotations of TAO (one annotation per image, `track_id` says which object)"
    if has({"videos", "images", "annotations"}):
        return "COCO-VID annotations (one annotation per image, no `segmentations`)"
    if has({"images", "annotations"}):
        return "COCO annotations of single images"
    if has({"videos", "annotations"}):
        return "an annotation file, the ground truth itself"
    if has({"videos"}):
        return "a list of videos without annotations"
    lists = [name for name in _RESULT_LISTS if name in fields]
    if len(lists) == 1:
        return f"a list in an object: write the value of `{lists[0]}` alone"
    if fields and all(name.isdecimal() for name in fields):
        return "one list per video: join them, each prediction with its `video_id`"
    return None


def form_of_entry(fields: Collection[str]) -> str | None:
    """Name the form of a list whose items have these fields."""
    if "segments_info" in fields:
        return "panoptic annotations"
    if {"track_id", "image_id"} <= set(fields):
        return "results of TAO or COCO-VID, one item per image"
    if "image_id" in fields:
        return "COCO results of single images, one item per image and object"
    if "segmentations" not in fields and {"bbox", "bboxes"} & set(fields):
        return "results of boxes without masks"
    return None


def form_of_names(names: Iterable[str]) -> str | None:
    """Name the form of an archive or folder with these files."""
    files = [name for name, _ in zip(names, range(_MANY_NAMES), strict=False)]
    endings = {name.rpartition(".")[2].lower() for name in files}
    if any(name.split("/")[-1] == "data.pkl" for name in files):
        return "a PyTorch checkpoint"
    if endings == {"npy"}:
        return "a NumPy archive (.npz)"
    if endings and endings <= {"pkl", "pickle"}:
        return "pickles of Python"
    if endings and endings <= {"zip", "rar", "7z", "gz", "tar"}:
        return "an archive in an archive: unpack the inner one"
    if any(name.split("/")[-1] == "pred.json" for name in files):
        return "a submission to a panoptic benchmark (pred.json and maps)"
    if endings and endings <= {"png", "jpg", "jpeg"}:
        return "pictures or maps of segments, as semantic benchmarks, DAVIS and YouTube-VOS have them"
    if endings == {"txt"}:
        return "text files of tracks, as MOTS and MOTChallenge have them"
    return None
