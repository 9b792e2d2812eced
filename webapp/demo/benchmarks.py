"""The demo's contents: a synthetic benchmark per task, and three simulated methods."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoBenchmark:
    """`folder` lies below VAR and is written by `python -m evaluator synth` with the arguments of `synth`.

    In it are `ground_truth`, the folder `frames`, and for each method in `predictions/<quality>/` the file
    `predictions`; without one, all files there are sent as an archive.
    """

    slug: str
    evaluator: str
    folder: str
    synth: tuple[str, ...]
    ground_truth: str
    predictions: str
    position: int
    name: str
    summary: str
    description: str
    subsets: Callable[[Path], dict[str, list[int]]] = lambda folder: {}


@dataclass(frozen=True, slots=True)
class DemoEntry:
    """One simulated method of a `quality` that `synth` knows."""

    quality: str
    method: str
    variant: str
    factors: dict[str, str]

    def files(self, folder: Path) -> Path:
        return folder / "predictions" / self.quality


def crowded_videos(folder: Path) -> dict[str, list[int]]:
    """Return a subset of a benchmark of tracklets: the videos in which many objects hide one another."""
    annotations = json.loads((folder / "annotations.json").read_text())["annotations"]
    objects = Counter(annotation["video_id"] for annotation in annotations)
    return {"crowded": sorted(video for video, number in objects.items() if number >= CROWD)}


# Objects in a video at least.
CROWD = 9
# Little enough for the first start of a laptop; VC16 needs more than 16 frames.
_SMALL = ("--videos", "6", "--frames", "17", "--size", "180x320")

OCCLUSION = DemoBenchmark(
    slug="demo-occlusion",
    evaluator="ovis",
    folder="demo",
    synth=("demo-vis", "--frames", "24", "--size", "360x640"),
    ground_truth="annotations.json",
    predictions="results.json",
    position=0,
    name="Occlusion Demo",
    summary="Textured shapes that move and hide each other, with exact masks and occlusion levels.",
    subsets=crowded_videos,
    description="""\
A synthetic benchmark in the OVIS format, made on this server by `python -m evaluator synth demo-vis`: shapes
move over a textured background and hide one another. Since whole shapes are known, so are the masks and the
occlusion level of every object in every frame. Its three methods are simulated, too: ground truth with the
mistakes that trackers make, more of them for the weaker ones. Use it to try everything out.
""",
)
PANOPTIC = DemoBenchmark(
    slug="demo-panoptic",
    evaluator="vipseg",
    folder="demo-panoptic",
    synth=("demo-vps", *_SMALL),
    ground_truth="ground_truth",
    predictions="",
    position=1,
    name="Panoptic Demo",
    summary="Moving shapes before ground and posts: every pixel has a category, every shape an identity.",
    description="""\
A synthetic benchmark in the VIPSeg format, made on this server by `python -m evaluator synth demo-vps`.
Shapes are things; the ground and the posts before them are stuff. Its three methods are simulated: the true
maps with the mistakes that trackers make.
""",
)
SEMANTIC = DemoBenchmark(
    slug="demo-semantic",
    evaluator="vspw",
    folder="demo-semantic",
    synth=("demo-vss", *_SMALL),
    ground_truth="ground_truth",
    predictions="",
    position=2,
    name="Semantic Demo",
    summary="Moving shapes, each drawn as a class of VSPW: which class has every pixel, and how steadily?",
    description="""\
A synthetic benchmark in the VSPW format, made on this server by `python -m evaluator synth demo-vss`. Each
kind of shape stands in for the class that it resembles most. Its three methods are simulated: the true maps
with the mistakes that networks make.
""",
)
DEMOS = (OCCLUSION, PANOPTIC, SEMANTIC)

ENTRIES = (
    DemoEntry(
        "weak",
        "Frame matching (synthetic)",
        "online",
        {"segmenter": "simulated", "tracker": "frame matching", "refiner": "none", "mode": "online"},
    ),
    DemoEntry(
        "medium",
        "Referring tracker (synthetic)",
        "online",
        {"segmenter": "simulated", "tracker": "referring", "refiner": "none", "mode": "online"},
    ),
    DemoEntry(
        "strong",
        "Referring tracker (synthetic)",
        "with refiner",
        {"segmenter": "simulated", "tracker": "referring", "refiner": "temporal", "mode": "offline"},
    ),
)
