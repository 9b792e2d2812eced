"""Defines the records of the catalog, which describe metrics. Nothing here imports numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Task = Literal["vis", "vps", "vss"]
MetricGroup = Literal[
    "overall", "area", "occlusion", "recall", "consistency", "windows", "tracking", "errors"
]
Scene = Literal["tracklets", "swap", "mistakes", "panoptic", "semantic"]


@dataclass(frozen=True, slots=True)
class Source:
    """The definition of a metric: a paper with its section, or the official code with its commit."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Example:
    """A metric worked out on one of `SCENES`; `value` is rounded to four decimals, and tests check it."""

    scene: Scene
    working: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One number of a report: a fraction in [0, 1].

    Attributes:
        label: heads a column.
        title: names it in full.
        description: one sentence for whoever knows the field.
        meaning: one sentence for whoever does not.
        formula: lines in the LaTeX of `evaluator.catalog.formula`.
        symbols: what they stand for, with formulas between $.
        quirks: what the official evaluation does and one would not expect; all of it is kept.
    """

    key: str
    label: str
    title: str
    group: MetricGroup
    description: str
    meaning: str
    formula: tuple[str, ...]
    symbols: str
    sources: tuple[Source, ...]
    example: Example
    quirks: tuple[str, ...] = ()
    higher_is_better: bool = True

    @property
    def is_analysed(self) -> bool:
        """True for a number of an analysis, False for one of a report."""
        return self.group in ("tracking", "errors")


SCENES: dict[Scene, str] = {
    "tracklets": (
        "One video of 3 frames, 200 pixels high and 1,000 wide, with three cats that stand still: S is 50 "
        "pixels wide (10,000 in area) and never occluded, M 200 wide (40,000) and severely occluded in one "
        "frame, L 400 wide (80,000) and severely occluded in two frames. All are as high as the video. "
        "Four predictions, by falling score: on L with track IoU 0.825, a narrow one on nothing, exactly M, "
        "on S with IoU 0.62."
    ),
    "swap": (
        "One video of 4 frames with two cats, A and B, whose masks never touch. The prediction p is exactly "
        "A in frames 1 and 2 and exactly B in frames 3 and 4; q is exactly B in frames 1 and 2 and then ends."
    ),
    "mistakes": (
        "One video of 4 frames in which nothing moves: a cat, a dog, a bear, a fox, an owl, two cows, a pig, "
        "a hen and an ant. Each of the nine categories suffers from one kind of error; AP50 is 0 for cats, "
        "dogs, bears, foxes, owls and ants, 0.5 for pigs and hens, 0.835 for cows."
    ),
    "panoptic": (
        "One video of 8 frames of 10 × 10 pixels: 60 are sky (stuff), 40 a cat (a thing), and nothing "
        "moves. Of the sky 54 pixels are found and 6 are left void. All pixels of the cat are found, under "
        "one id in frames 1 to 4 and under another one from frame 5 on."
    ),
    "semantic": (
        "One video of 18 frames of 10 × 10 pixels: 60 are road, 40 grass, and nothing moves. All is right "
        "but in frame 10, where 20 pixels of the grass are called road."
    ),
}
"""The data of the examples; the tests write these files and evaluate them."""
