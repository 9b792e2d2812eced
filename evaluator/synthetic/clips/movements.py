"""Who moves how: the plots of the videos. Each makes one mix of crossings, hiding and coming back.

Positions are in `drawing.UNIT` per frame height; the frame is one high. Things of one `look` share category
and colours: where they are tells them apart, and little else. Plots are laid out for 30 frames; in longer
videos whoever follows a route goes it back and forth.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from evaluator.synthetic.clips.drawing import UNIT
from evaluator.synthetic.clips.integers import TURN, Dice, Ints, root, sine

_PERIOD: Final = 30
_OUT, _PEEK, _HIDDEN = range(3)


@dataclass(frozen=True, slots=True)
class Role:
    """One actor: its way, radius and depth per frame [T] (the larger depth is nearer).

    `look` is the number of its looks, None for one of its own. `front` names the stuff that it is, None for a
    thing; a `bulky` thing is one of those that hide well. `stretch` see `drawing.Body`.
    """

    x: Ints
    y: Ints
    radius: Ints
    depth: Ints
    look: int | None = None
    front: str | None = None
    bulky: bool = False
    stretch: int = 256


@dataclass(slots=True)
class Stage:
    """Where a plot is laid out: its dice, the frames' numbers [T], the width of the frame, and its roles."""

    dice: Dice
    time: Ints
    width: int
    roles: list[Role] = field(default_factory=list)

    def share(self, low: int, high: int) -> int:
        """Return a length between two hundredths of the frame's height."""
        return self.dice.between(low * UNIT // 100, high * UNIT // 100)

    def still(self, value: int) -> Ints:
        return np.full_like(self.time, value)

    def wave(self, reach: int, slow: int, fast: int, start: int | None = None) -> Ints:
        """Return a swing of `reach` to both sides, with `slow` to `fast` hundredths of a turn per period."""
        pace = TURN * self.dice.between(slow, fast) // (100 * _PERIOD)
        begin = self.dice.between(0, TURN - 1) if start is None else start
        return sine(begin + pace * self.time) * reach >> 14

    def route(self, *stops: tuple[int, int, int]) -> tuple[Ints, Ints]:
        """Return the way through stops (frame, x, y), the first at frame 0, with rounded corners."""
        frames, xs, ys = (np.array(column, np.int64) for column in zip(*stops, strict=True))
        padded = np.arange(-2, len(self.time) + 2)
        now = _PERIOD - abs(abs(padded) % (2 * _PERIOD) - _PERIOD)
        leg = np.clip(np.searchsorted(frames, now, "right") - 1, 0, len(frames) - 2)
        passed, length = np.minimum(now, frames[-1]) - frames[leg], frames[leg + 1] - frames[leg]
        ways = []
        for values in (xs, ys):
            way = values[leg] + (values[leg + 1] - values[leg]) * passed // length
            ways.append(np.convolve(way, np.ones(5, np.int64), "valid") // 5)
        return ways[0], ways[1]

    def thing(self, way: tuple[Ints, Ints], radius: int, depth: Ints, look: int | None = None) -> None:
        """Add a thing that grows and shrinks."""
        breath = self.wave(radius * self.dice.between(4, 20) // 100, 40, 110)
        self.roles.append(Role(*way, radius + breath, depth, look))


@dataclass(frozen=True, slots=True)
class _Hider:
    """A large actor in front: its way, and the `reach` from its middle within which it hides everything."""

    x: int
    y: int
    reach: int
    tall: bool

    def rim(self, row: int) -> int:
        """Return how far from the middle its edge is in the row `row` below its middle."""
        return self.reach if self.tall else int(root(np.array(max(0, self.reach**2 - row**2), np.int64)))


def _hider(stage: Stage, x: int) -> _Hider:
    """Put a tree, a stone, a pillar or a large thing near x, nearer than everything else."""
    dice = stage.dice
    kind = dice.choice(("tree", "stone", "pillar", "pillar", None))
    y = UNIT // 2 + stage.share(-6, 6)
    if kind == "pillar":
        half = stage.share(20, 30)
        role = Role(
            stage.still(x), stage.still(y), stage.still(half), stage.still(90), front=kind, stretch=600
        )
        reach = half * 15 // 16
    else:
        radius = stage.share(37, 45)
        sway = stage.wave(UNIT // 60, 30, 60) if kind is None else stage.still(0)
        role = Role(
            x + sway, stage.still(y), stage.still(radius), stage.still(90), front=kind, bulky=kind is None
        )
        reach = radius * 12 // 16
    stage.roles.append(role)
    return _Hider(x, y, reach, kind == "pillar")


def _lurk(stage: Stage, hider: _Hider, radius: int, row: int, states: list[int], look: int | None) -> None:
    """Add a thing that is beside the hider, looks out at its edge, or is behind it, one after the other."""
    dice = stage.dice
    side, now = dice.side(), 0
    rim = hider.rim(row)
    stops: list[tuple[int, int, int]] = []
    for state in states:
        if state == _OUT:
            away, stay = rim + radius + stage.share(2, 16), dice.between(3, 5)
        elif state == _PEEK:
            away, stay = rim - radius * dice.between(6, 34) // 100, dice.between(5, 8)
        else:
            away, stay = max(0, rim - radius * 3 // 2) * dice.between(0, 90) // 100, dice.between(5, 10)
        for frame in (now, now + stay):
            wander = stage.share(-2, 2) if state != _PEEK else 0
            stops.append((frame, hider.x + side * away + wander, hider.y + row + stage.share(-3, 3)))
        if state == _HIDDEN and dice.between(0, 1):
            side = -side
        now += stay + dice.between(2, 3)
    first = dice.between(0, 3)
    stops = [(max(0, frame - first), x, y) for frame, x, y in stops]
    stops = [stop for number, stop in enumerate(stops) if number == 0 or stop[0] > stops[number - 1][0]]
    stage.thing(stage.route((0, *stops[0][1:]), *stops[1:]), radius, stage.still(dice.between(10, 60)), look)


def _rows(stage: Stage, count: int) -> list[int]:
    """Return rows relative to the middle for `count` lurkers, in any order."""
    return stage.dice.shuffled([UNIT * (56 * n // max(1, count - 1) - 28) // 100 for n in range(count)])


def _hideout(stage: Stage) -> None:
    """Things go behind something large, stay there, and come out on one side or the other."""
    hider = _hider(stage, stage.width // 2 + stage.share(-14, 14))
    plans = (
        [_OUT, _HIDDEN, _OUT, _HIDDEN],
        [_OUT, _HIDDEN, _PEEK, _OUT],
        [_PEEK, _HIDDEN, _OUT, _PEEK],
        [_PEEK, _OUT, _HIDDEN, _OUT],
    )
    for number, row in enumerate(_rows(stage, stage.dice.between(4, 5))):
        _lurk(stage, hider, stage.share(12, 15), row * 3 // 4, list(stage.dice.choice(plans)), number // 2)


def _peek(stage: Stage) -> None:
    """Things keep to the edge of something large and show a part of themselves."""
    hider = _hider(stage, stage.width // 2 + stage.share(-14, 14))
    plans = ([_PEEK, _OUT, _PEEK, _HIDDEN], [_PEEK, _HIDDEN, _OUT, _PEEK], [_OUT, _HIDDEN, _PEEK, _PEEK])
    for number, row in enumerate(_rows(stage, stage.dice.between(4, 6))):
        _lurk(
            stage,
            hider,
            stage.share(13, 17),
            row if hider.tall else row * 3 // 4,
            list(stage.dice.choice(plans)),
            number // 2,
        )


def _duet(stage: Stage) -> None:
    """Pairs of look-alikes meet, one before the other, stay together, and part or turn back."""
    dice = stage.dice
    pairs = dice.between(2, 3)
    for pair in range(pairs):
        row = UNIT * (2 * pair + 1) // (2 * pairs) + stage.share(-4, 4)
        radius = stage.share(13, 18)
        middle = stage.width // 2 + stage.share(-22, 22)
        start, stay = dice.between(4, 9), dice.between(5, 10)
        back, nearer = dice.side(), dice.side()
        for side in (-1, 1):
            far = middle + side * stage.share(34, 62)
            close = middle + side * radius * dice.between(0, 24) // 100
            leave = middle + back * side * stage.share(34, 62)
            bob = stage.share(-3, 3)
            stops = (
                (0, far, row + bob),
                (start, close, row + bob // 2),
                (start + stay, middle - (close - middle), row),
                (_PERIOD, leave, row - bob),
            )
            size = radius * (100 if side == nearer else dice.between(70, 100)) // 100
            stage.thing(stage.route(*stops), size, stage.still(20 * pair + (side == nearer)), pair)


def _parade(stage: Stage) -> None:
    """Rows of look-alikes march past pillars, in at one side of the frame and out at the other."""
    dice = stage.dice
    pillars = dice.between(2, 3)
    for number in range(pillars):
        x = stage.width * (2 * number + 1) // (2 * pillars) + stage.share(-5, 5)
        half = stage.share(13, 19)
        stage.roles.append(
            Role(
                stage.still(x),
                stage.still(UNIT // 2),
                stage.still(half),
                stage.still(90),
                front="pillar",
                stretch=900,
            )
        )
    for row in range(2):
        heading, pace = dice.side(), dice.between(16, 42) * UNIT // 1000
        radius = stage.share(10, 14)
        for number in range(dice.between(2, 3)):
            lag = number * stage.share(44, 70) - stage.width * 2 // 3
            along = lag + pace * stage.time + stage.wave(UNIT // 14, 60, 140)
            height = UNIT * (30 + 40 * row) // 100 + stage.wave(UNIT // 30, 80, 200)
            stage.thing((stage.width // 2 + heading * along, height), radius, stage.still(10 + 10 * row), row)


def _swarm(stage: Stage) -> None:
    """A dense crowd drifts through the frame while its members change places."""
    drift = stage.wave(stage.width // 8, 20, 40)
    for number in range(stage.dice.between(6, 7)):
        x = stage.width // 2 + drift + stage.wave(stage.share(18, 34), 30, 60)
        y = UNIT // 2 + stage.wave(stage.share(12, 24), 30, 60)
        stage.thing((x, y), stage.share(14, 21), stage.still(10 * number), number // 2)


def _carousel(stage: Stage) -> None:
    """Things ride around something large: before it, and out of sight behind it."""
    dice = stage.dice
    x = stage.width // 2 + stage.share(-6, 6)
    hub = dice.choice(("tree", "stone", None))
    middle = stage.still(x), stage.still(UNIT // 2), stage.still(stage.share(38, 46)), stage.still(0)
    stage.roles.append(Role(*middle, front=hub, bulky=hub is None))
    riders = dice.between(4, 5)
    pace = TURN * dice.between(60, 100) // (100 * _PERIOD) * dice.side()
    begin = dice.between(0, TURN)
    for rider in range(riders):
        angle = begin + TURN * rider // riders + stage.share(-1, 1) + pace * stage.time
        nearness = sine(angle)
        way = (
            x + (sine(angle + TURN // 4) * stage.share(46, 58) >> 14),
            UNIT // 2 + (nearness * UNIT // 9 >> 14),
        )
        stage.thing(way, stage.share(12, 15), nearness, rider // 2)


def _wander(stage: Stage) -> None:
    """Things go their own ways; some leave the frame and come back."""
    for number in range(stage.dice.between(4, 5)):
        x = stage.width // 2 + stage.wave(stage.share(60, 100), 30, 60)
        y = UNIT // 2 + stage.wave(stage.share(16, 34), 30, 70)
        stage.thing((x, y), stage.share(12, 20), stage.still(10 * number), number // 2)


PLOTS: Final[dict[str, Callable[[Stage], None]]] = {
    "hideout": _hideout,
    "peek": _peek,
    "duet": _duet,
    "parade": _parade,
    "swarm": _swarm,
    "carousel": _carousel,
    "wander": _wander,
}
