"""How docs/benchmarks.md is written: by section, each replaced by the benchmark that it belongs to."""

from pathlib import Path

from tests.bench.figures import HEAD, Figures


def test_a_benchmark_replaces_its_own_section_and_keeps_the_others(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    for name, value in (("walk", 1), ("run", 2), ("walk", 3)):
        figures = Figures(name, f"How fast we {name}.\n\nMeasured {value} times.")
        figures.add({"way": "up", "s": value})
        figures.write(page)
    text = page.read_text()
    assert text.startswith(HEAD)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## How fast we run",
        "## How fast we walk",
    ]
    assert "Measured 3 times." in text
    assert "Measured 1 times." not in text
    assert "| way | s |\n| --- | - |\n| up  | 3 |" in text
    assert "`make bench K=run`" in text


def test_rows_with_other_columns_begin_a_new_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    figures = Figures("both", "Both.")
    figures.add({"a": 1})
    figures.add({"b": 2})
    figures.write(page)
    assert "| 1 |\n\n| b |" in page.read_text()


def test_a_benchmark_that_measured_nothing_leaves_the_page_alone(tmp_path: Path) -> None:
    Figures("none", "None.").write(tmp_path / "benchmarks.md")
    assert not (tmp_path / "benchmarks.md").exists()
