"""Problems of checkpoints: their codes, and what to do about each."""

from collections.abc import Iterable
from typing import Any

from evaluator.problems import ProblemSpec

_SPECS = (
    ProblemSpec(
        "checkpoint-unreadable",
        "error",
        "no checkpoint that can be read",
        "Upload a .pth of torch.save, a .pkl of detectron2 or a .safetensors; again, if it was cut short.",
    ),
    ProblemSpec(
        "checkpoint-code",
        "error",
        "a pickle that asks for code",
        "Save the weights alone: torch.save(model.state_dict(), path), or safetensors. No code runs here.",
    ),
    ProblemSpec(
        "checkpoint-not-finite",
        "error",
        "weights that are NaN or infinite",
        "The training diverged: upload an earlier checkpoint.",
    ),
    ProblemSpec(
        "checkpoint-mismatch",
        "error",
        "it fits no model that this server knows",
        "`python -m dvis_model inspect --weights FILE --config NAME` compares it with any configuration.",
    ),
)
CHECKPOINT_PROBLEMS = {spec.code: spec for spec in _SPECS}
# Files of strangers decide how many there are, and how long.
MOST_LINES, LONGEST_LINE = 20, 500


def checkpoint_problems(code: str, lines: Iterable[str], about: str = "") -> list[dict[str, Any]]:
    """Problems of one code, as in `Problem.to_json`: the first of `lines`, and a count of the rest.

    `about` is a sentence on all of them, which goes before what to do.
    """
    spec = CHECKPOINT_PROBLEMS[code]
    messages = [_plain(line) for line in lines]
    rest = len(messages) - MOST_LINES
    counted = [(message, 1) for message in messages[:MOST_LINES]]
    if rest > 0:
        counted.append((f"{rest} more of this kind ({spec.title}).", rest))
    return [
        {
            "code": code,
            "severity": spec.severity,
            "where": {},  # there is only the one file
            "message": message,
            "hint": f"{about} {spec.hint}".strip(),
            "count": count,
        }
        for message, count in counted
    ]


def _plain(line: str) -> str:
    """Text that can be stored and shown: no control characters, and not too much of it."""
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line
    )
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
