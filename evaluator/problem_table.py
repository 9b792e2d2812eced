"""The table of problem codes; `evaluator.problems` is the module to import it from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class ProblemSpec:
    """One code: `title` completes "The file has the problem: ...", `hint` says what to do about it."""

    code: str
    severity: Severity
    title: str
    hint: str


def _error(code: str, title: str, hint: str) -> ProblemSpec:
    return ProblemSpec(code, "error", title, hint)


def _warning(code: str, title: str, hint: str) -> ProblemSpec:
    return ProblemSpec(code, "warning", title, hint)


_SPECS = (
    # The file or archive as a whole
    _error(
        "file-empty", "the file is empty", "Write the predictions again and check that the disk was not full."
    ),
    _error(
        "file-not-recognised",
        "neither JSON nor a zip archive",
        "Upload results.json, or a zip archive that holds results.json at its top.",
    ),
    _error(
        "file-too-large", "the file is too large", "Keep the 100 best predictions of each video and category."
    ),
    _error(
        "archive-damaged",
        "the archive is damaged",
        "Create the zip again; the upload or the copy was cut short.",
    ),
    _error("archive-encrypted", "the archive is encrypted", "Create the zip without a password."),
    _error(
        "archive-compression",
        "unknown compression in the archive",
        "Create the zip with the ordinary method (deflate), for example `zip results.zip results.json`.",
    ),
    _error("archive-members", "too many files in the archive", "Put nothing but results.json into the zip."),
    _error("archive-size", "the archive unpacks to too much", "Keep the 100 best predictions of each video."),
    _error(
        "archive-ratio",
        "the archive is compressed suspiciously well",
        "Create the zip from a real results.json; archives like this are refused as zip bombs.",
    ),
    _error(
        "archive-path",
        "an unsafe path in the archive",
        "Create the zip inside the folder of results.json, so that names are plain and relative.",
    ),
    _error("archive-link", "a link in the archive", "Put the file itself into the zip, not a link to it."),
    _error("archive-duplicate", "two members of the same name", "Create the zip again with each file once."),
    _error(
        "results-missing",
        "no results.json",
        "Name the file results.json and put it at the top of the archive or folder.",
    ),
    _error(
        "results-twice", "more than one results.json", "Keep only the results.json that should be scored."
    ),
    _warning(
        "archive-root-folder",
        "results.json lies in a folder",
        "Nothing to do: the folder was ignored. The official servers want results.json at the top.",
    ),
    # JSON
    _error("json-encoding", "not UTF-8", "Save the file as UTF-8, as Python's json.dump does."),
    _error(
        "json-syntax", "not valid JSON", "Write the file with a JSON library, for example Python's json.dump."
    ),
    _error(
        "json-truncated",
        "the JSON ends too early",
        "Write the file again; it was cut short while writing or copying.",
    ),
    _error(
        "json-nesting",
        "the JSON is nested too deeply",
        "Use the format of the documentation: it needs six levels.",
    ),
    _error(
        "not-a-list",
        "the top level is not a list",
        "Write a list of objects with video_id, category_id, score and segmentations.",
    ),
    _error(
        "entries-too-many",
        "too many predictions",
        "Keep the 100 best predictions of each video and category.",
    ),
    _warning(
        "predictions-empty",
        "no predictions",
        "Check that your method wrote its results; an empty list scores 0.",
    ),
    # One prediction
    _error(
        "entry-type",
        "an item is not an object",
        "Make every item of the list an object with the four fields.",
    ),
    _error(
        "field-missing",
        "a field is missing",
        "Give every prediction video_id, category_id, score and segmentations.",
    ),
    _error(
        "video-id-type",
        "a video id is not an integer",
        "Write the integer `id` of the video, not its name or a string.",
    ),
    _error(
        "video-unknown",
        "an unknown video",
        "Use the video ids of this split's annotation file; those of another split or year do not fit.",
    ),
    _error("category-id-type", "a category id is not an integer", "Write the integer `id` of the category."),
    _warning(
        "category-unknown",
        "categories that the ground truth lacks",
        "Check the mapping from class index to category id; these predictions count nowhere.",
    ),
    _error("score-type", "a score is not a number", "Write the confidence as a JSON number."),
    _error(
        "score-not-finite",
        "a score is NaN or infinite",
        "Replace it by a finite number, or leave the prediction out.",
    ),
    _error(
        "segmentations-type",
        "segmentations is not a list",
        "Write a list with one mask or null for each frame.",
    ),
    _error(
        "tracklet-length",
        "wrong number of frames",
        "Write one item per frame, and null where the object is not visible.",
    ),
    _error(
        "mask-type",
        "a mask is neither RLE, polygons nor null",
        'Write {"size": [height, width], "counts": "..."} or null for every frame.',
    ),
    _error(
        "mask-size-type",
        "a mask's size is not [height, width]",
        "Write `size` as two positive integers: height, width.",
    ),
    _error(
        "mask-size",
        "a mask has another size than its video",
        "Resize masks to the original size of the video before encoding; `size` is [height, width].",
    ),
    _error(
        "rle-counts-type",
        "a mask's counts cannot be read",
        "Write `counts` as a compressed string (from pycocotools.mask.encode) or as a list of integers.",
    ),
    _error(
        "rle-characters",
        "a mask's counts hold characters that no RLE has",
        "Encode masks with pycocotools.mask.encode and decode `counts` as ASCII, without other changes.",
    ),
    _error(
        "rle-truncated", "a mask's counts end within a number", "Encode the mask again; the string was cut."
    ),
    _error(
        "rle-range",
        "a mask has a run that is negative or too long",
        "Encode the mask again with pycocotools.mask.encode; every run lies in 0..height x width.",
    ),
    _error(
        "rle-total",
        "a mask's runs do not add up to height x width",
        "Encode the mask again with pycocotools.mask.encode; the official evaluation would never end on it.",
    ),
    _error(
        "polygon-invalid",
        "a polygon cannot be read",
        "Write each polygon as a list of at least three x, y pairs of finite numbers.",
    ),
    _warning(
        "masks-polygons", "masks are polygons", "Nothing to do: they were rasterised. RLE is exact and safer."
    ),
    _warning(
        "masks-uncompressed",
        "masks are uncompressed RLE",
        "Nothing to do: they were read. Compressed RLE makes the file three times smaller.",
    ),
    _warning(
        "predictions-duplicate",
        "identical predictions",
        "Check your export: exact copies count as false positives.",
    ),
    # Ground truth
    _error(
        "gt-json", "the annotation file is not valid JSON", "Download or write the annotation file again."
    ),
    _error("gt-not-an-object", "the annotation file is not an object", "Use the official annotation JSON."),
    _error(
        "gt-field-missing",
        "a field of the annotation file is missing",
        "Use the complete file with videos, categories and annotations, not the public list of videos.",
    ),
    _error(
        "gt-field-type",
        "a field of the annotation file has a wrong type",
        "Write the field as the official files do.",
    ),
    _error(
        "gt-id-zero",
        "an annotation has id 0",
        "Number annotations from 1: the official evaluation cannot count id 0.",
    ),
    _error(
        "gt-id-duplicate",
        "an id is used twice",
        "Give every video, category and annotation an id of its own.",
    ),
    _error(
        "gt-video-unknown",
        "an annotation of an unknown video",
        "List the video under `videos` or drop the annotation.",
    ),
    _error(
        "gt-length",
        "an annotation has another length than its video",
        "Write one mask or null for each frame.",
    ),
    _error(
        "gt-mask",
        "an annotation has a mask that cannot be used",
        "Encode the mask again at the size of the video.",
    ),
    _error(
        "gt-occlusion",
        "an annotation's occlusion levels cannot be used",
        "Write no_occlusion, slight_occlusion or severe_occlusion for each visible frame, else null.",
    ),
    _error(
        "gt-too-large", "a video of the ground truth is too large", "Keep height x width below 2^31 pixels."
    ),
)

PROBLEMS: dict[str, ProblemSpec] = {spec.code: spec for spec in _SPECS}
