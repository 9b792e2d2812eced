"""What a variant costs: parameters, multiply-adds and speed, and who says so."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.refusal import Refused, check_one_line
from webapp.submissions.models import Submission

DEVICE_CHARACTERS = 60
# What an author may state, with the largest number that is not a slip of the pen.
STATED = {"params_m": ("parameters in millions", 1e6), "gmacs": ("GMACs", 1e7), "fps": ("frames/s", 1e5)}
KINDS = {
    Submission.Origin.REPORTED: "printed",
    Submission.Origin.UPLOAD: "stated",
    Submission.Origin.RUN: "measured here",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a variant; None and "" are not known.

    Attributes:
        params_m: millions of parameters.
        gmacs: multiply-adds per frame, in billions, as `python -m dvis_model cost` counts them.
        gflops: what a paper calls GFLOPs. Papers count one or two for each multiply-add, so it is no `gmacs`.
        fps: frames per second on `device`.
        kind: "printed" in a paper, "stated" by its author, "measured here"; empty where nothing is known.
    """

    params_m: float | None = None
    gmacs: float | None = None
    gflops: float | None = None
    fps: float | None = None
    device: str = ""
    kind: str = ""

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any], kind: str) -> "Cost":
        """Read what is kept with a submission."""
        numbers = {key: _number(facts.get(key)) for key in ("params_m", "gmacs", "gflops", "fps")}
        if not any(numbers.values()):
            return UNKNOWN
        device = str(facts.get("fps_device") or "") if numbers["fps"] else ""
        return cls(**numbers, device=device, kind=kind)


UNKNOWN = Cost()


def cost_said(submission: Submission) -> Cost:
    """The cost that was printed or stated with a submission; that of a run is measured."""
    is_reported = submission.origin == Submission.Origin.REPORTED
    facts = submission.source if is_reported else submission.cost
    return Cost.of_facts(facts, KINDS[Submission.Origin(submission.origin)])


def cost_clean(facts: Mapping[str, Any]) -> dict[str, float | str]:
    """Return what an author states as it is kept. Raises Refused: no number, or a speed without a device."""
    tidy: dict[str, float | str] = {}
    for key, (name, most) in STATED.items():
        value = facts.get(key)
        if value is None:
            continue
        if not (math.isfinite(value) and 0 < value <= most):
            raise Refused(
                "cost-number",
                f"{name}: {value:g} is not between 0 and {most:g}.",
                "Correct it and try again.",
            )
        tidy[key] = float(value)
    device = " ".join(str(facts.get("fps_device") or "").split())
    check_one_line("device", device)
    if len(device) > DEVICE_CHARACTERS:
        raise Refused("cost-device", f"The device has more than {DEVICE_CHARACTERS} characters.")
    if "fps" in tidy and not device:
        raise Refused(
            "cost-device",
            "A speed was given without its device.",
            "Name the device, such as RTX 4090: speeds of different devices cannot be compared.",
        )
    if device and "fps" in tidy:
        tidy["fps_device"] = device
    return tidy


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return None
    return float(value)
