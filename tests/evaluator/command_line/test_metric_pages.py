"""What is told of the metrics: examples that are true, formulas that can be drawn, one page for each."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evaluator.analysis.errors import KINDS
from evaluator.catalog import BENCHMARKS, METRICS, benchmarks_with
from evaluator.catalog.families import FAMILIES, command_for, metrics_of
from evaluator.catalog.formula import to_mathml, to_text
from evaluator.catalog.spec import SCENES, Scene
from evaluator.command_line.metric_pages import to_markdown
from tests.evaluator.example_scenes import Numbers, evaluated

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> dict[Scene, Numbers]:
    return {scene: evaluated(scene, tmp_path_factory.mktemp(scene)) for scene in SCENES}


@pytest.mark.parametrize("key", METRICS)
def test_the_example_of_a_metric_is_what_the_evaluator_gives(key: str, numbers: dict[Scene, Numbers]) -> None:
    example = METRICS[key].example
    value = numbers[example.scene][key]
    assert value is not None
    assert round(value, 4) == example.value


def test_the_committed_page_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "evaluator", "metrics", "--markdown"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == to_markdown()
    assert PAGE.read_text() == printed, (
        "Write it again: python -m evaluator metrics --markdown > docs/metrics.md"
    )


@pytest.mark.parametrize("key", METRICS)
def test_all_formulas_of_a_metric_can_be_drawn_and_read(key: str) -> None:
    spec = METRICS[key]
    inline = re.findall(r"\$([^$]*)\$", f"{spec.symbols} {' '.join(spec.quirks)} {spec.example.working}")
    for latex in (*spec.formula, *inline):
        assert ElementTree.fromstring(to_mathml(latex)).tag == "math"
        assert re.search(r"\\|_\{|\^\{", to_text(latex)) is None


def test_the_terminal_shows_formula_quirks_example_and_command_of_one_metric() -> None:
    command = [sys.executable, "-m", "evaluator", "metrics", "AQ"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "AQ = 1 / (|G|) ∑_(g ∈ G)" in printed
    assert "Without any true thing AQ is 0" in printed
    assert "2 × 160 × 0.5 / 320" in printed
    assert "python -m evaluator score vipseg --gt ground_truth/ --pred predictions.zip" in printed


def test_the_terminal_lists_all_metrics_and_refuses_an_unknown_one() -> None:
    command = [sys.executable, "-m", "evaluator", "metrics"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [key for key in METRICS if f"\n{key} " not in printed] == []
    refused = subprocess.run([*command, "AP51"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.startswith("There is no metric 'AP51'.")) == (2, True)


def test_every_metric_belongs_to_one_family_and_to_a_benchmark() -> None:
    listed = [spec.key for family in FAMILIES for spec in metrics_of(family)]
    assert sorted(listed) == sorted(METRICS)
    assert [one.key for one in benchmarks_with("AP_ho")] == ["ovis"]
    assert [one.key for one in benchmarks_with("HOTA")] == [
        spec.key for spec in BENCHMARKS.values() if spec.task == "vis"
    ]
    assert command_for(METRICS["HOTA"]).startswith("python -m evaluator analyse")


def test_every_kind_of_error_has_a_page_and_less_of_it_is_better() -> None:
    specs = metrics_of("errors")
    assert [spec.key for spec in specs] == [f"dAP50_{spec.label.split()[1]}" for spec in specs]
    assert {spec.label.split()[1] for spec in specs} == set(KINDS.values())
    assert [spec.key for spec in METRICS.values() if not spec.higher_is_better] == [s.key for s in specs]
    assert all(command_for(spec).startswith("python -m evaluator analyse") for spec in specs)
    command = [sys.executable, "-m", "evaluator", "metrics", "dAP50_switch"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "AP50 lost to identity switches, 0 to 1, lower is better" in printed


@pytest.mark.parametrize(
    ("latex", "mathml", "text"),
    [
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        (
            r"\frac{a}{b+1}",
            "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>",
            "a / (b + 1)",
        ),
        (r"\text{a < b}", "<mtext>a\xa0&lt;\xa0b</mtext>", "a < b"),
        (r"\sqrt{a-b}", "<msqrt><mrow><mi>a</mi><mo>\u2212</mo><mi>b</mi></mrow></msqrt>", "√(a \u2212 b)"),
        (
            r"\sum_i^n i",
            "<mrow><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>i</mi></mrow>",
            "∑_i^n i",
        ),
    ],
)
def test_a_formula_becomes_mathml_and_text(latex: str, mathml: str, text: str) -> None:
    assert to_mathml(latex, is_block=False) == f"<math>{mathml}</math>"
    assert to_text(latex) == text


@pytest.mark.parametrize("latex", ["{a", "a}", "_a", r"\frac{a}", r"\unknown", r"\text a", r"\text{a"])
def test_latex_that_is_not_understood_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        to_text(latex)
