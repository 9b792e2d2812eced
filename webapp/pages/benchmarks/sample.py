"""A small file in exactly the format of a split, to look at, take apart and send as a first try."""

from typing import Any

from webapp.benchmarks.models import Split


def sample_predictions(split: Split) -> list[dict[str, Any]]:
    """Return a valid results.json for a vis split: in every video one upright box that never moves.

    It scores next to nothing: it holds no knowledge of the ground truth.
    """
    categories = [category["id"] for category in split.known_categories] or [1]
    return [
        {
            "video_id": video.id,
            "category_id": categories[n % len(categories)],
            "score": 0.5,
            "segmentations": [_box(video.height, video.width)] * video.length,
        }
        for n, video in enumerate(split.video_infos())
    ]


def _box(height: int, width: int) -> dict[str, Any]:
    """Return the middle third of a frame as a compressed COCO run-length mask."""
    top, left = height // 3, width // 3
    inner_h, inner_w = max(1, height // 3), max(1, width // 3)
    gap = height - inner_h
    counts = [left * height + top, *([inner_h, gap] * inner_w)]
    counts[-1] = height * width - sum(counts[:-1])
    return {"size": [height, width], "counts": rle_string(counts)}


def rle_string(counts: list[int]) -> str:
    """Return the text form of run lengths, as the COCO API defines it.

    From the fourth run on, the difference to the run two before is written, in groups of five bits
    (lowest first, bit 6 set where more follow), each plus 48 as a character.

    >>> rle_string([6, 1, 40, 4, 5, 4, 5, 4, 21])
    '61X13mN000`0'
    """
    text = ""
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        while True:
            group = value & 0x1F
            value >>= 5
            more = value != (-1 if group & 0x10 else 0)
            text += chr((group | 0x20 if more else group) + 48)
            if not more:
                break
    return text
