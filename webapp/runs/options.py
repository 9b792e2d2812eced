"""Options of a run and their limits."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from webapp.checkpoints.zoo import ModelSpec
from webapp.refusal import Refused

Precision = Literal["float32", "float16", "bfloat16"]
Mode = Literal["offline", "online", "minvis"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
MODES: tuple[str, ...] = get_args(Mode)
LONGEST_WINDOW = 64
LARGEST_SHORT_SIDE = 2160


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Complete: nothing is left to a default that may change later.

    Attributes:
        mode: offline, with the temporal refiner; online, with the tracker; minvis, the segmenter's queries
            matched from frame to frame.
        precision: of the network's numbers.
        window: frames segmented together; does not change results, but what memory it takes.
        short_side: pixels to which frames are resized; 0: not at all.
    """

    mode: str
    precision: str
    window: int
    short_side: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def options_for(
    spec: ModelSpec,
    *,
    mode: str | None = None,
    precision: str | None = None,
    window: int | None = None,
    short_side: int | None = None,
) -> RunOptions:
    """The options of a run of this model: what is not given is as the configuration says.

    Raises Refused.
    """
    options = RunOptions(
        mode=mode or spec.modes[0],
        precision=precision or PRECISIONS[0],
        window=spec.window if window is None else window,
        short_side=spec.short_side if short_side is None else short_side,
    )
    _check_word("mode", options.mode, spec.modes, of=f" of {spec.name}")
    _check_word("precision", options.precision, PRECISIONS)
    _check_number("window", options.window, 1, LONGEST_WINDOW)
    _check_number("short_side", options.short_side, 0, LARGEST_SHORT_SIDE)
    return options


def _check_word(name: str, value: str, known: tuple[str, ...], of: str = "") -> None:
    if value not in known:
        raise Refused(
            "bad-option",
            f"{value!r} is not a {name}{of}.",
            f"Choose one of {', '.join(known)}, or leave it out.",
        )


def _check_number(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Refused("bad-option", f"{name} is {value}.", f"Choose a number from {least} to {most}.")
