"""The table of problem codes; `evaluator.problems` is the module to import it from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning"]
TASKS = ("vis", "vps", "vss")


@dataclass(frozen=True, slots=True)
class ProblemSpec:
    """One code: `title` completes "The file has the problem: ...", `hint` says what to do about it.

    `tasks` are those whose files can have it.
    """

    code: str
    severity: Severity
    title: str
    hint: str
    tasks: tuple[str, ...] = TASKS


def _error(code: str, title: str, hint: str) -> ProblemSpec:
    return ProblemSpec(code, "error", title, hint)


def _warning(code: str, title: str, hint: str) -> ProblemSpec:
    return ProblemSpec(code, "warning", title, hint)


def _only(tasks: tuple[str, ...], *specs: ProblemSpec) -> tuple[ProblemSpec, ...]:
    return tuple(replace(spec, tasks=tasks) for spec in specs)


_SPECS = (
    # The file or archive as a whole
    _error(
        "file-empty", "the file is empty", "Write the predictions again and check that the disk was not full."
    ),
    _error(
        "file-not-recognised",
        "neither JSON nor a zip archive",
        "Upload results.json or a zip archive with it at its top; for segmentation maps a zip archive.",
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
        "Create the zip with the ordinary method (deflate), for example `zip -r results.zip .`.",
    ),
    _error(
        "archive-members", "too many files in the archive", "Put nothing but the predictions into the zip."
    ),
    _error(
        "archive-size",
        "the archive unpacks to too much",
        "Put nothing but the predictions into the zip; of tracklets the 100 best of each video.",
    ),
    _error(
        "archive-ratio",
        "the archive is compressed suspiciously well",
        "Create the zip from real predictions; archives like this are refused as zip bombs.",
    ),
    _error(
        "archive-path",
        "an unsafe path in the archive",
        "Create the zip inside the folder of the predictions, so that names are plain and relative.",
    ),
    _error("archive-link", "a link in the archive", "Put the file itself into the zip, not a link to it."),
    _error("archive-duplicate", "two members of the same name", "Create the zip again with each file once."),
    *_only(
        ("vis",),
        _error(
            "results-missing",
            "no results.json",
            "Name the file results.json and put it at the top of the archive or folder.",
        ),
        _error(
            "results-twice", "more than one results.json", "Keep only the results.json that should be scored."
        ),
    ),
    _warning(
        "archive-root-folder",
        "the predictions lie in a folder",
        "Nothing to do: the folder was ignored. The official servers want the files at the top.",
    ),
    _warning(
        "archive-backslashes",
        "names in the archive have backslashes",
        "Nothing to do: they were read as folders, as other programs may not do. Make zips with another one.",
    ),
    # JSON
    *_only(
        ("vis", "vps"),
        _error("json-encoding", "not UTF-8", "Save the file as UTF-8, as Python's json.dump does."),
        _error(
            "json-syntax",
            "not valid JSON",
            "Write the file with a JSON library, for example Python's json.dump.",
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
            "entries-too-many",
            "too many predictions",
            "Keep the 100 best predictions of each video and category.",
        ),
    ),
    *_only(
        ("vis", "vps"),
        _warning(
            "videos-without-predictions",
            "videos without a prediction",
            "Check that the inference ran over all videos of the split; objects of these count as missed.",
        ),
    ),
    *_only(
        ("vis",),
        _error(
            "not-a-list",
            "the top level is not a list",
            "Write a list of objects with video_id, category_id, score and segmentations.",
        ),
        _warning(
            "predictions-empty",
            "no predictions",
            "Check that your method wrote its results; an empty list scores 0.",
        ),
        # One prediction
        _error(
            "entry-too-large", "a prediction is too large", "Write masks as compressed RLE, one per frame."
        ),
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
        _error(
            "category-id-type", "a category id is not an integer", "Write the integer `id` of the category."
        ),
        _warning(
            "category-unknown",
            "categories that the ground truth lacks",
            "Check the mapping from class index to category id; these predictions count nowhere.",
        ),
        _warning(
            "categories-counted-otherwise",
            "category ids that look counted otherwise than those of the ground truth",
            "Write the `id` that the annotation file gives each category, not its place in a list.",
        ),
        _error("score-type", "a score is not a number", "Write the confidence as a JSON number."),
        _error(
            "score-not-finite",
            "a score is NaN or infinite",
            "Replace it by a finite number, or leave the prediction out.",
        ),
        _warning(
            "scores-unusual",
            "scores outside 0 to 1",
            "Nothing to do if all are on one scale, such as percent: only their order counts.",
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
            "rle-truncated",
            "a mask's counts end within a number",
            "Encode the mask again; the string was cut.",
        ),
        _error(
            "rle-range",
            "a mask has a run that is negative or too long",
            "Encode the mask again with pycocotools.mask.encode; every run lies in 0..height x width.",
        ),
        _error(
            "rle-total",
            "a mask's runs do not add up to height x width",
            "Encode the mask again with pycocotools.mask.encode; the official evaluation never ends on it.",
        ),
        _error(
            "polygon-invalid",
            "a polygon cannot be read",
            "Write each polygon as a list of at least three x, y pairs of finite numbers.",
        ),
        _warning(
            "masks-polygons",
            "masks are polygons",
            "Nothing to do: they were rasterised. RLE is exact and safer.",
        ),
        _warning(
            "masks-uncompressed",
            "masks are uncompressed RLE",
            "Nothing to do: they were read. Compressed RLE makes the file three times smaller.",
        ),
        _warning(
            "masks-row-by-row",
            "masks that look written row by row",
            "Encode numpy.asfortranarray(mask) with pycocotools.mask.encode: RLE goes down the columns.",
        ),
        _warning(
            "categories-mixed-up",
            "masks that fit objects of other categories",
            "Check the mapping from class index to category id; the lists differ from year to year.",
        ),
        _warning(
            "predictions-without-pixels",
            "predictions without a pixel",
            "Leave out predictions without a mask in any frame: each counts as a false positive.",
        ),
        _warning(
            "predictions-duplicate",
            "identical predictions",
            "Check your export: exact copies count as false positives.",
        ),
    ),
    # Maps of segments: panoptic and semantic segmentation
    *_only(
        ("vps",),
        _error(
            "panoptic-json-missing",
            "no pred.json",
            "Put pred.json and the folder pan_pred at the top of the archive or folder.",
        ),
        _error(
            "panoptic-field",
            "a field of pred.json is missing or has a wrong type",
            'Write {"annotations": [{"video_id": "...", "annotations": [{"segments_info": [{"id": 1, '
            '"category_id": 0}]}]}]}, one inner item a frame.',
        ),
    ),
    *_only(
        ("vps", "vss"),
        _error(
            "video-missing",
            "a video without predictions",
            "Predict every video of the split; check that the list of videos is that of this split.",
        ),
        _warning(
            "video-extra",
            "videos that the ground truth lacks",
            "Nothing to do if you predicted more videos than this split has; these count nowhere.",
        ),
        _warning(
            "map-extra",
            "maps of frames that the ground truth lacks",
            "Nothing to do if you predicted more frames than are annotated; these maps count nowhere.",
        ),
    ),
    *_only(
        ("vps",),
        _warning(
            "video-repeated", "a video is listed twice", "Keep one entry per video; only the last one counts."
        ),
        _error(
            "frame-count",
            "another number of frames than the video has",
            "Write one item for every annotated frame, in their order, even where nothing is predicted.",
        ),
    ),
    *_only(
        ("vps", "vss"),
        _error(
            "map-missing",
            "a frame without a PNG map",
            "Write a PNG for every annotated frame, named like the frame: <video>/<frame>.png.",
        ),
        _error(
            "png-damaged",
            "a PNG cannot be read",
            "Write the map again with a PNG library, for example Pillow.",
        ),
        _error(
            "png-size",
            "a map has another size than its frame",
            "Resize maps to the original size of the frame, by nearest neighbour, before writing them.",
        ),
        _error(
            "png-kind",
            "a map is not an image of the expected kind",
            "Write 8-bit RGB (id = R + 256 G + 65536 B) for panoptic, one 8-bit channel for semantic maps.",
        ),
    ),
    *_only(
        ("vps",),
        _error(
            "segment-unlisted",
            "a map has an id that pred.json does not list",
            "List every id of the map in the segments_info of its frame, or set those pixels to 0.",
        ),
        _error(
            "segment-without-pixels",
            "an id that pred.json lists and the map lacks",
            "Leave segments without a pixel out of the segments_info of their frame.",
        ),
        _error(
            "segment-category",
            "a segment of an unknown category",
            "Use the category ids of the ground truth, counted from 0; check the mapping from class index.",
        ),
        _error(
            "segments-too-many",
            "too many segments in a video",
            "Give a segment one id through the whole video; at most 65,536 are read.",
        ),
    ),
    *_only(
        ("vss",),
        _warning(
            "class-unknown",
            "pixels of unknown classes",
            "Write the number of a class, from 0 on. Other values, 255 too, are wrong on labelled pixels.",
        ),
    ),
    *_only(
        ("vps", "vss"),
        _warning(
            "classes-shifted",
            "classes that look shifted by one",
            "Check how classes are counted; the numbers are those of the maps as they are.",
        ),
    ),
    # Ground truth
    _error(
        "gt-files",
        "a file of the ground truth is missing",
        "Give the folder with the official annotations and PNG maps, complete and unpacked.",
    ),
    _warning(
        "gt-several",
        "the ground truth was chosen among several files",
        "Nothing to do if it is the one of this split; otherwise give the path of the JSON file itself.",
    ),
    _error("gt-map", "a map of the ground truth cannot be used", "Restore the official PNG map."),
    _error(
        "gt-segment",
        "a frame of the panoptic JSON cannot be used",
        "Write segments_info with id, category_id, iscrowd and area, as the official file does.",
    ),
    _error(
        "gt-area",
        "an area of the panoptic JSON contradicts the map",
        "Recompute `area` of every segment from its PNG map.",
    ),
    _error(
        "gt-json", "the annotation file is not valid JSON", "Download or write the annotation file again."
    ),
    _error("gt-not-an-object", "the annotation file is not an object", "Use the official annotation JSON."),
    _error(
        "gt-field-missing",
        "a field of the annotation file is missing",
        "Add the field to your own data; of official data take the complete file, not the list of videos.",
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
    _warning(
        "gt-category-unlisted",
        "annotations of categories that are not listed",
        "List the categories under `categories`; otherwise these annotations count nowhere, as officially.",
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
