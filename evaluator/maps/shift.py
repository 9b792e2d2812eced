"""Recognises maps whose classes are all counted one too high or one too low."""

from __future__ import annotations

from typing import Final, SupportsFloat

from evaluator.problems import Problem, Where, problem

_LEAST_SHARE: Final = 0.2
_TIMES_BETTER: Final = 3


def shift_warning(
    file: str,
    what: str,
    labelled: SupportsFloat,
    hits: SupportsFloat,
    higher: SupportsFloat,
    lower: SupportsFloat,
) -> tuple[Problem, ...]:
    """Return a warning if far more pixels have a class next to the true one than the true one.

    Args:
        file: the submission.
        what: the name of what is shifted.
        labelled, hits: pixels with a true class, and those predicted right.
        higher, lower: those whose predicted class is the true one plus 1, minus 1.
    """
    total, right = float(labelled), float(hits)
    for near, words, do in ((float(higher), "high", "subtract 1"), (float(lower), "low", "add 1")):
        if near > _LEAST_SHARE * total and near > _TIMES_BETTER * right:
            shares = f"{100 * near / total:.0f} % of labelled pixels, right on {100 * right / total:.0f} %"
            counted = f"If they are counted otherwise than in the ground truth, {do}."
            message = f"The {what} look shifted: they are one too {words} on {shares}. {counted}"
            return (problem("classes-shifted", Where(file=file), message),)
    return ()
