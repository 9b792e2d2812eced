"""How a stage is trained: lengths, rates and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from dvis_model.config import DvisConfig

Stage = Literal["segmenter", "tracker", "refiner"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The schedule of one stage.

    Attributes:
        steps: updates of the weights.
        clips, frames: B clips of T frames per update and process.
        accumulate: in how many parts, one after another, the clips of an update go through the network.
        learning_rate: largest one, reached after `warmup` steps; it falls to zero along a cosine.
        backbone_rate: factor of the backbone's learning rate.
        weight_decay: of all but norms and embeddings.
        clip_norm: largest norm of the gradient.
        average: decay of the moving average of the weights, which is the result.
        points: at how many points a mask is compared in a frame.
        noise: share of a clip's frames, but the first, whose queries the tracker meets mixed up (the "wa"
            noise of DVIS++).
        cached: of how many whole videos the outputs of the frozen parts are kept in files; 0: they are
            computed in every step, of pictures that may be flipped.
        scales: of a data set's pictures, beside the size that they have at test time.
    """

    steps: int
    clips: int
    frames: int
    accumulate: int = 1
    learning_rate: float
    backbone_rate: float = 1.0
    warmup: int = 10
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    average: float = 0.999
    points: int = 12544
    noise: float = 0.0
    cached: int = 0
    scales: tuple[float, ...] = (2 / 3, 1.0, 4 / 3)


# Ours: from scratch, of small pictures.
SYNTHETIC: Final[dict[Stage, Recipe]] = {
    "segmenter": Recipe(steps=30_000, clips=16, frames=1, learning_rate=7e-4, warmup=300, points=512),
    "tracker": Recipe(
        steps=12_000,
        clips=24,
        frames=5,
        learning_rate=1e-3,
        warmup=100,
        points=256,
        noise=0.8,
        cached=1500,
    ),
    "refiner": Recipe(
        steps=8_000, clips=6, frames=24, learning_rate=1e-3, warmup=100, points=128, cached=1000
    ),
}
# As the official configurations; the clips of an update are those of all processes there.
OFFICIAL: Final[dict[Stage, Recipe]] = {
    "segmenter": Recipe(steps=20_000, clips=8, frames=1, learning_rate=1e-4, backbone_rate=0.1),
    "tracker": Recipe(steps=20_000, clips=8, frames=5, learning_rate=1e-4),
    "refiner": Recipe(steps=20_000, clips=8, frames=21, learning_rate=1e-4),
}


def recipe_for(stage: Stage, config: DvisConfig) -> Recipe:
    """Return the usual recipe of a stage."""
    return (SYNTHETIC if config.name.startswith("synthetic/") else OFFICIAL)[stage]
