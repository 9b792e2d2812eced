"""The documentation names everything there is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.catalog import BENCHMARKS
from evaluator.problems import PROBLEMS

ROOT = Path(__file__).resolve().parent.parent
EVALUATOR_PAGE = (ROOT / "docs" / "evaluator.md").read_text()


@pytest.mark.parametrize("key", [*BENCHMARKS, *PROBLEMS])
def test_every_benchmark_and_problem_code_is_on_the_evaluator_page(key: str) -> None:
    assert f"`{key}`" in EVALUATOR_PAGE


@pytest.mark.parametrize("code", PROBLEMS)
def test_the_page_says_of_each_problem_what_the_program_says(code: str) -> None:
    spec = PROBLEMS[code]
    assert f"| `{code}` | {spec.severity} | {spec.title} | {spec.hint} |" in EVALUATOR_PAGE


PAGES = [
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES)
def test_files_and_folders_that_a_page_links_to_exist(page: str) -> None:
    links = [part.split(")")[0].split("#")[0] for part in (ROOT / page).read_text().split("](")[1:]]
    folder = (ROOT / page).parent
    missing = [link for link in links if not link.startswith("http") and not (folder / link).exists()]
    assert missing == []


def test_the_index_leads_to_every_document() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md"]
    assert [page for page in pages if f"({page})" not in index] == []


def test_the_first_score_of_the_readme_works(tmp_path: Path) -> None:
    block = (ROOT / "README.md").read_text().split("## A first score")[1].split("## ")[0]
    commands = [line.split()[1:] for line in block.splitlines() if line.startswith("    python -m evaluator")]
    commands[0] += ["--videos", "2", "--frames", "6"]  # drawing takes most of the time
    outputs = [
        subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
        ).stdout
        for command in commands
    ]
    assert len(outputs) == 2
    assert "AP_ho" in outputs[-1]
