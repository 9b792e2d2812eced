"""The documentation names everything there is."""

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


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_and_folders_that_a_page_links_to_exist(page: str) -> None:
    links = [part.split(")")[0] for part in (ROOT / page).read_text().split("](")[1:]]
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]
    assert missing == []
