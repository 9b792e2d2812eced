"""The synthetic occlusion benchmarks: scenes in which it pays to track through occlusion, with exact truth.

    clip = make_clip(TRAIN_SEED, 0)

Nothing but integers and tables reaches a pixel, so the same numbers make the same bytes on every machine.
"""

from evaluator.synthetic.clips.clip import ABSENT, NONE, SEVERE, SLIGHT, Clip, make_clip
from evaluator.synthetic.clips.names import STUFF, THINGS, TRAIN_SEED, VAL_SEED, VALIDATION_SEED, VOID

__all__ = [
    "ABSENT",
    "NONE",
    "SEVERE",
    "SLIGHT",
    "STUFF",
    "THINGS",
    "TRAIN_SEED",
    "VALIDATION_SEED",
    "VAL_SEED",
    "VOID",
    "Clip",
    "make_clip",
]
