"""What can be seen in the videos, and the seeds of the three sets of them."""

from typing import Final

THINGS: Final = ("ball", "box", "car", "cat", "person", "airplane", "bottle", "fish")
"""The categories of things; `Clip.categories` are indices of this table."""

VIPSEG_NAMES: Final = {"bottle": "bottle_or_cup", "fish": "other_animal"}
"""Things that have another name among the classes of VIPSeg and VSPW; all others have the same there."""

BULKY: Final = ("ball", "box", "cat", "fish")
"""Those that fill their outline: what stands behind them is hidden."""

STUFF: Final = (
    "sky",
    "mountain",
    "grass",
    "building",
    "road",
    "wall",
    "floor",
    "sea",
    "sand",
    "tree",
    "stone",
    "pillar",
)
"""The classes of everything else; `Clip.stuff` are their indices. The last three also stand before things."""

VOID: Final = 255
"""The value of `Clip.stuff` where neither a thing nor stuff is annotated."""

TRAIN_SEED: Final = 1_306_034_131
VALIDATION_SEED: Final = 1_306_034_132
VAL_SEED: Final = 1_306_034_133
"""Seeds of the videos to train on, to choose settings and checkpoints by, and to report scores on.

No two seeds share a video. They are large so that nobody takes one of them by chance.
"""
