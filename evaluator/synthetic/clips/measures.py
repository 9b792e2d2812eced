"""How much is hidden in clips, and for how long: the figures by which they are compared with OVIS."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from evaluator.synthetic.clips.clip import ABSENT, LEVEL_WORDS, NONE, SEVERE, SLIGHT, Clip
from evaluator.tracklets.occlusion import OCCLUSION_RANGES, occlusion_score


@dataclass(slots=True)
class Measures:
    """Sums over clips.

    Attributes:
        scores: the occlusion score of OVIS of every object, in [0, 1].
        masks: how many masks there are of each level, NONE to SEVERE.
        gaps: the number of frames of every full disappearance after which the object came back.
        alike: objects of which the same video has another one of the same category.
        ever_severe: objects that are severely occluded in one frame at least.
        areas: of every object, the median number of its visible pixels.
    """

    videos: int = 0
    scores: list[float] = field(default_factory=list)
    masks: list[int] = field(default_factory=lambda: [0, 0, 0])
    gaps: list[int] = field(default_factory=list)
    alike: int = 0
    ever_severe: int = 0
    areas: list[float] = field(default_factory=list)

    def group(self, name: str) -> int:
        """Return how many objects are in a range of OVIS, light, medium or heavy; some are in two."""
        low, high = OCCLUSION_RANGES[name]
        return sum(low <= score <= high for score in self.scores)


def measure(clips: Iterable[Clip]) -> Measures:
    """Return the figures of clips."""
    found = Measures()
    for clip in clips:
        found.videos += 1
        found.alike += sum(clip.categories.count(category) > 1 for category in clip.categories)
        for number, levels in enumerate(clip.levels, 1):
            seen = np.flatnonzero(levels != ABSENT)
            found.scores.append(occlusion_score([LEVEL_WORDS[level] for level in levels]))
            for level in (NONE, SLIGHT, SEVERE):
                found.masks[level] += int((levels == level).sum())
            absences = (np.diff(seen) - 1).tolist()
            found.gaps += [length for length in absences if length]
            found.ever_severe += bool((levels == SEVERE).any())
            found.areas.append(float(np.median((clip.things[seen] == number).sum((1, 2)))))
    return found
