"""Writes constraints.txt: the versions of what the extras of the images need, as installed here.

Run it where the tests have passed: .venv/bin/python deploy/constraints.py
"""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("web", "model", "s3")


def closure() -> dict[str, str]:
    """Return name -> version of every distribution that the extras lead to, ours left out."""
    versions: dict[str, str] = {}
    waiting = [(Requirement(f"dvis-bench[{','.join(EXTRAS)}]"), frozenset(EXTRAS))]
    seen = set()
    while waiting:
        requirement, extras = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = distribution(name)
        versions[name] = re.sub(r"\+.*", "", found.version)  # +cpu is a build of the same version
        for text in found.requires or ():
            needed = Requirement(text)
            environments = [{"extra": extra} for extra in ("", *extras)]
            if needed.marker is None or any(needed.marker.evaluate(one) for one in environments):
                waiting.append((needed, frozenset(needed.extras)))
    del versions["dvis-bench"]
    return versions


if __name__ == "__main__":
    lines = [f"{name}=={version}\n" for name, version in sorted(closure().items())]
    header = "# Made by deploy/constraints.py, from the environment in which the tests passed.\n"
    Path(__file__).with_name("constraints.txt").write_text(header + "".join(lines))
