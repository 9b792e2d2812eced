"""The pictures and the table of docs/synthetic.md.

`python -m evaluator.synthetic.clips.pictures docs/synthetic` writes the pictures and prints the table.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.synthetic.clips.clip import PROGRAMME, Clip, make_clip
from evaluator.synthetic.clips.measures import Measures, measure
from evaluator.synthetic.clips.names import STUFF, TRAIN_SEED, VAL_SEED
from evaluator.tracklets.occlusion import OCCLUSION_RANGES

VIDEOS: Final = 100
OVIS_MASKS: Final = (18.2, 55.5, 26.3)
"""Percent of OVIS's masks without, with slight and with severe occlusion (arXiv:2102.01558, section 3)."""
_OURS, _OVIS = "#2d6cb5", "#c0762c"


def main(folder: Path) -> None:
    """Write the pictures into the folder, and print the table of the page."""
    found = measure(make_clip(VAL_SEED, video) for video in range(VIDEOS))
    write_pictures(folder, found)
    print(table(found))


def write_pictures(folder: Path, found: Measures) -> None:
    """Write a sheet of all plots, one of the truth, and the charts of `found`; make the folder if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = {name: make_clip(TRAIN_SEED, PROGRAMME.index(name)) for name in dict.fromkeys(PROGRAMME)}
    _save(folder / "plots.jpg", np.concatenate([_strip(clip.frames) for clip in plots.values()]))
    shown = plots["swarm"]
    truth = [_strip(shown.frames), _strip(_painted(shown.things, shown.frames)), _strip(_classes(shown))]
    _save(folder / "truth.jpg", np.concatenate(truth))
    (folder / "occlusion.svg").write_text(_occlusion_chart(found), encoding="utf-8", newline="\n")
    (folder / "gaps.svg").write_text(_gap_chart(found), encoding="utf-8", newline="\n")


def table(found: Measures) -> str:
    """Return the figures as a Markdown table."""
    long = sum(5 <= gap <= 15 for gap in found.gaps)
    groups = " / ".join(str(found.group(name)) for name in OCCLUSION_RANGES)
    rows = (
        ("videos of 30 frames", found.videos),
        ("objects", len(found.scores)),
        ("slightly, moderately, heavily occluded", groups),
        ("masks without, with slight, with severe occlusion", _percents(found.masks)),
        ("objects that are severely occluded in a frame", _percent(found.ever_severe, len(found.scores))),
        ("objects with a look-alike in their video", _percent(found.alike, len(found.scores))),
        ("full disappearances with a return", len(found.gaps)),
        ("of these, 5 to 15 frames long", long),
        ("median of their lengths, frames", f"{np.median(found.gaps):.0f}"),
        ("median visible area of an object, pixels", f"{np.median(found.areas):.0f}"),
    )
    lines = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(["| of the val videos | |", "| --- | --- |", *lines])


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def _percents(parts: Sequence[int]) -> str:
    return " / ".join(_percent(part, sum(parts)) for part in parts)


def _save(path: Path, picture: NDArray[np.uint8]) -> None:
    Image.fromarray(picture).save(path, quality=80, optimize=True)


def _strip(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put six frames of a video beside one another."""
    return np.concatenate(
        [np.pad(frame, ((1, 1), (1, 1), (0, 0)), constant_values=255) for frame in frames[2::5]], 1
    )


def _hues(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each number a colour [..., 3] that its neighbours do not have."""
    wheel = (numbers[..., None].astype(np.int64) * (97, 57, 151) + (90, 170, 40)) % 200 + 40
    return wheel.astype(np.uint8)


def _painted(numbers: NDArray[np.uint8], frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = (frames.mean(-1, keepdims=True) // 2 + 90).astype(np.uint8).repeat(3, -1)
    return np.where(numbers[..., None] > 0, _hues(numbers), grey)


def _classes(clip: Clip) -> NDArray[np.uint8]:
    kinds = np.array((0, *clip.categories), np.uint8)[clip.things] + np.uint8(len(STUFF))
    return _hues(np.where(clip.things > 0, kinds, clip.stuff))


def _occlusion_chart(found: Measures) -> str:
    names = ("no occlusion", "slight", "severe")
    bars = []
    for group, (name, ours, ovis) in enumerate(zip(names, found.masks, OVIS_MASKS, strict=True)):
        share = 100 * ours / sum(found.masks)
        left = 50 + 120 * group
        bars += [_bar(left, 36, share * 2.4, _OURS), _text(left + 18, 190 - share * 2.4, f"{share:.0f}")]
        bars += [_bar(left + 40, 36, ovis * 2.4, _OVIS), _text(left + 58, 190 - ovis * 2.4, f"{ovis:.0f}")]
        bars.append(_text(left + 38, 212, name))
    legend = (
        _bar(50, 10, 10, _OURS, 24)
        + _text(66, 24, "val", "start")
        + _bar(110, 10, 10, _OVIS, 24)
        + _text(126, 24, "OVIS", "start")
    )
    return _svg(410, "Percent of masks by level of occlusion, of the val videos and of OVIS", [legend, *bars])


def _gap_chart(found: Measures) -> str:
    counts = np.bincount(np.minimum(found.gaps, 20), minlength=21)
    high = 150 / counts.max()
    bars = []
    for length, count in enumerate(counts.tolist()):
        left = 20 + 22 * (length - 1)
        if length and count:
            bars += [_bar(left, 18, count * high, _OURS), _text(left + 9, 190 - count * high, str(count))]
        if length % 5 == 0 and length:
            bars.append(_text(left + 9, 212, "20 and more" if length == 20 else str(length)))
    return _svg(500, "Full disappearances by length in frames", bars)


def _bar(left: float, width: float, height: float, colour: str, bottom: float = 195) -> str:
    box = f'x="{left:g}" y="{bottom - height:.1f}" width="{width:g}" height="{height:.1f}"'
    return f'<rect {box} fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _svg(width: int, title: str, parts: list[str]) -> str:
    size = f'width="{width}" height="220"'
    style = 'font-family="sans-serif" font-size="12" fill="#222"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>',
            f"<title>{title}</title>",
            f'<rect {size} fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
