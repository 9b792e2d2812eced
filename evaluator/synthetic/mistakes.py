"""Trackers that fail in the ways real ones do.

A predicted tracklet is first a plan: which shape it follows in every frame. Mistakes of identity (switches
after a crossing, fragments after a disappearance), of presence (missed frames) and of class change the plan;
mistakes of the outline come later, in `masks`.
"""

from dataclasses import dataclass

import numpy as np

from evaluator.synthetic.truth import TrackedShape

LEVELS = ("no_occlusion", "slight_occlusion", "severe_occlusion")


@dataclass(frozen=True, slots=True)
class Quality:
    """The failure rates of a method. Chances are in [0, 1]; triples: no, slight, severe occlusion."""

    wobble: tuple[float, float, float]
    """Displacement of outlines, as a share of the visible part's radius."""
    leak: float
    """Chance that a hidden part is predicted."""
    missed_frame: tuple[float, float, float]
    switch: float
    """Chance that two shapes of one category exchange identities when one comes out from behind the other; a
    quarter of it for two categories."""
    fragment: float
    """Chance that a shape which reappears is taken for a new one."""
    wrong_class: float
    duplicate: float
    false_positives: float
    """Expected number for each video."""
    score_noise: float
    """Standard deviation of the confidence around what the tracklet deserves."""


QUALITIES: dict[str, Quality] = {
    # A tracker with a refiner that sees the whole video: gaps are filled, identities mostly survive.
    "strong": Quality((0.05, 0.07, 0.13), 0.3, (0.01, 0.03, 0.18), 0.12, 0.08, 0.06, 0.08, 1.0, 0.07),
    # An online tracker: good while a shape is in sight, unsure once it has been hidden.
    "medium": Quality((0.055, 0.085, 0.17), 0.45, (0.02, 0.06, 0.32), 0.3, 0.2, 0.1, 0.15, 2.0, 0.1),
    # Frames segmented one by one and matched afterwards: identities are lost behind every occluder.
    "weak": Quality((0.065, 0.11, 0.24), 0.6, (0.03, 0.10, 0.50), 0.8, 0.45, 0.13, 0.2, 2.5, 0.12),
}


@dataclass(slots=True)
class Plan:
    """`follows` has T entries: the number of the shape that the tracklet shows, None where it is absent."""

    follows: list[int | None]
    category: str
    score: float


def plan_tracklets(rng: np.random.Generator, shapes: dict[int, TrackedShape], quality: Quality) -> list[Plan]:
    """Return the tracklets that a method of this quality would predict, without its false positives."""
    followed: list[list[int | None]] = list(_follow(rng, shapes, quality).values())
    followed = [part for whole in followed for part in _split(rng, shapes, whole, quality)]
    followed = [_miss(rng, shapes, part, quality) for part in followed]
    plans = [_classify(rng, shapes, part, quality) for part in followed if any(part)]
    return plans + [_duplicate(rng, plan) for plan in plans if rng.random() < quality.duplicate]


def _follow(
    rng: np.random.Generator, shapes: dict[int, TrackedShape], quality: Quality
) -> dict[int, list[int | None]]:
    """Follow every shape, exchanging two identities at some of the moments when one uncovers the other."""
    holder = {number: number for number in shapes}
    follows: dict[int, list[int | None]] = {number: [] for number in shapes}
    frames = len(next(iter(shapes.values())).sightings)
    for frame in range(frames):
        for number, shape in shapes.items():
            other = _uncovered_by(shape, frame)
            chance = (
                quality.switch if other and shapes[other].category == shape.category else quality.switch / 4
            )
            if other and rng.random() < chance:
                holder[number], holder[other] = holder[other], holder[number]
        for number, shape in shapes.items():
            follows[holder[number]].append(None if shape.sightings[frame] is None else number)
    return follows


def _uncovered_by(shape: TrackedShape, frame: int) -> int:
    """Return the number of the shape that hid this one severely until the frame before, 0 if none did."""
    if frame == 0 or _is_lost(shape, frame) or not _is_lost(shape, frame - 1):
        return 0
    return max(0, shape.hidden_by[frame - 1])


def _is_lost(shape: TrackedShape, frame: int) -> bool:
    """Hidden for the most part, or not to be seen at all."""
    sighting = shape.sightings[frame]
    return sighting is None or sighting.level == LEVELS[2]


def _split(
    rng: np.random.Generator, shapes: dict[int, TrackedShape], follows: list[int | None], quality: Quality
) -> list[list[int | None]]:
    """Cut a tracklet at some of the places where its shape comes back into sight."""
    starts = [0]
    for frame in range(1, len(follows)):
        now, before = follows[frame], follows[frame - 1]
        returned = now is not None and not _is_lost(shapes[now], frame)
        lost = before is None or _is_lost(shapes[before], frame - 1)
        if returned and lost and any(follows[starts[-1] : frame]) and rng.random() < quality.fragment:
            starts.append(frame)
    ends = [*starts[1:], len(follows)]
    absent: list[int | None] = [None] * len(follows)
    return [
        absent[:start] + follows[start:end] + absent[end:] for start, end in zip(starts, ends, strict=True)
    ]


def _miss(
    rng: np.random.Generator, shapes: dict[int, TrackedShape], follows: list[int | None], quality: Quality
) -> list[int | None]:
    """Drop frames, the more often the more of the shape is hidden."""
    kept: list[int | None] = []
    for frame, number in enumerate(follows):
        sighting = None if number is None else shapes[number].sightings[frame]
        missed = sighting is not None and rng.random() < quality.missed_frame[LEVELS.index(sighting.level)]
        kept.append(None if missed else number)
    return kept


def _classify(
    rng: np.random.Generator, shapes: dict[int, TrackedShape], follows: list[int | None], quality: Quality
) -> Plan:
    """Name the category that most frames vote for, or sometimes another, and say how sure the method is."""
    present = [number for number in follows if number is not None]
    main = max(set(present), key=lambda number: (present.count(number), -number))
    visible = sum(sighting is not None for sighting in shapes[main].sightings)
    seen = [shapes[number].sightings[frame] for frame, number in enumerate(follows) if number is not None]
    hidden = [sighting.hidden_share for sighting in seen if sighting is not None]
    deserved = (
        0.95 * (present.count(main) / max(visible, len(present))) ** 0.7 * (1 - 0.5 * float(np.mean(hidden)))
    )
    category = shapes[main].category
    if rng.random() < quality.wrong_class:
        others = sorted({shape.category for shape in shapes.values()} - {category}) or [category]
        category, deserved = str(rng.choice(others)), 0.6 * deserved
    return Plan(follows, category, _score(rng, deserved, quality.score_noise))


def _duplicate(rng: np.random.Generator, plan: Plan) -> Plan:
    """A second, less sure and less complete prediction of the same shape."""
    follows = [None if rng.random() < 0.3 else number for number in plan.follows]
    return Plan(follows, plan.category, _score(rng, 0.5 * plan.score, 0.05))


def _score(rng: np.random.Generator, deserved: float, noise: float) -> float:
    return round(float(np.clip(rng.normal(deserved, noise), 0.01, 0.999)), 4)
