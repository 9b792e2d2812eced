"""What a benchmark measured: printed, and written to its section of docs/benchmarks.md.

The heading and text of a section are the docstring of its benchmark, so that the page says how things were
measured. A benchmark that runs alone replaces its own section and leaves the others as they are.
"""

import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench`; `make bench K=maps` runs one and replaces its section. Each section names the machine
and the load on it. Ratios compare programs that ran in turns on the same machine, by processor time unless a
column says else: read those first. The benchmarks, in `tests/bench/`, check the targets themselves.
"""
_PACKAGES = ("numpy", "numba", "torch")

Row = Mapping[str, object]


class Figures:
    """Collects the rows of one section."""

    def __init__(self, name: str, about: str) -> None:
        self._name = name
        self._about = about
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Add a row, its cells by column; other columns than those of the row before begin a new table."""
        self._rows.append(row)

    def write(self, page: Path = PAGE) -> None:
        """Print the section and put it into the page; without any row, nothing happens."""
        if not self._rows:
            return
        heading, _, text = self._about.strip().partition("\n")
        tables = [_table(list(rows)) for _, rows in groupby(self._rows, key=tuple)]
        origin = f"*{_machine()}. `make bench K={self._name}`*"
        parts = [f"## {heading.rstrip('.')}", text.strip(), *tables, origin]
        section = "\n\n".join(part for part in parts if part)
        print(f"\n\n{section}\n")
        old = page.read_text(encoding="utf-8") if page.exists() else ""
        page.write_text(replace_section(old, section), encoding="utf-8")


def replace_section(page: str, section: str) -> str:
    """Return the page with a section added, or put in place of the one with the same heading."""
    heading = section.partition("\n")[0]
    kept = [old.strip() for old in re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]]
    others = [old for old in kept if old.partition("\n")[0] != heading]
    return "\n\n".join([HEAD.strip(), *sorted([*others, section])]) + "\n"


def _table(rows: list[Row]) -> str:
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def _machine() -> str:
    """Return when and where this runs."""
    cpus = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.*)$", cpus.read_text() if cpus.exists() else "", re.MULTILINE)
    processor = names[0] if names else platform.processor() or platform.machine()
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES if name in sys.modules]
    return ", ".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}",
            f"{processor}, {os.cpu_count()} cores",
            f"load {os.getloadavg()[0]:.1f}",
            f"Python {platform.python_version()}",
            *versions,
        ]
    )
