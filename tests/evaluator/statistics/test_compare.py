"""Comparing two submissions, from files to sentences."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evaluator import Comparison, compare, evaluate
from evaluator.__main__ import app
from evaluator.catalog import BENCHMARKS
from evaluator.statistics.report_comparison import compare_reports
from evaluator.synthetic import vis, vps


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ovis")
    vis.write_benchmark(folder / "made", videos=8, frames=5, height=32, width=48, seed=0)
    return folder / "made"


@pytest.fixture(scope="module")
def comparison(made: Path) -> Comparison:
    predictions = made / "predictions"
    return compare(
        "ovis", made / "annotations.json", predictions / "strong", predictions / "weak", bootstrap=199
    )


def run(made: Path, *words: object) -> Result:
    command = ["compare", "ovis", "--gt", made / "annotations.json", *words]
    return CliRunner().invoke(app, [*map(str, command)])


def test_the_stronger_submission_beats_the_weaker(comparison: Comparison) -> None:
    found = comparison.differences["AP"]
    assert found is not None
    assert found.low > 0
    assert found.p == 2 / 200  # no draw speaks for the weaker one
    assert comparison.sentence("AP") == "A beats B on AP (p < 0.01)."
    assert set(comparison.differences) == set(BENCHMARKS["ovis"].headline)


def test_the_other_way_round_says_the_opposite(made: Path, comparison: Comparison) -> None:
    turned = compare_reports(comparison.b, comparison.a)
    assert turned.sentence("AP") == "B beats A on AP (p < 0.01)."
    for key, found in comparison.differences.items():
        other = turned.differences[key]
        assert found is not None
        assert other is not None
        assert (other.delta, other.p) == (-found.delta, found.p)
        assert (other.low, other.high) == pytest.approx((-found.high, -found.low))


def test_a_submission_does_not_differ_from_itself(comparison: Comparison) -> None:
    same = compare_reports(comparison.a, comparison.a)
    assert same.sentence("AP") == "No significant difference on AP (p = 1)."
    assert (same.videos.a_better, same.videos.b_better, same.videos.equal) == (0, 0, 8)
    assert same.videos.largest == ()


def test_videos_are_counted_and_the_five_largest_differences_listed(comparison: Comparison) -> None:
    videos = comparison.videos
    a, b = comparison.a.per_video, comparison.b.per_video
    deltas = {video: a[video]["AP"] - b[video]["AP"] for video in a}
    assert videos.a_better == sum(delta > 0 for delta in deltas.values())
    assert videos.a_better + videos.b_better + videos.equal == 8
    largest = sorted(map(abs, deltas.values()), reverse=True)[:5]
    assert [abs(item.delta) for item in videos.largest] == pytest.approx(largest)
    assert all(item.delta == deltas[item.video] for item in videos.largest)


def test_videos_are_called_by_their_names_where_the_ground_truth_has_them(
    made: Path, comparison: Comparison
) -> None:
    truth = json.loads((made / "annotations.json").read_text())
    names = {str(video["id"]): video["file_names"][0].partition("/")[0] for video in truth["videos"]}
    assert [item.name for item in comparison.videos.largest] == [
        names[item.video] for item in comparison.videos.largest
    ]
    assert all(not item.name.isdigit() for item in comparison.videos.largest)


def test_without_draws_nothing_is_said(made: Path) -> None:
    report = evaluate("ovis", made / "annotations.json", made / "predictions" / "weak")
    compared = compare_reports(report, report)
    assert compared.differences["AP"] is None
    assert compared.sentence("AP") == "Nothing can be said of AP."


def test_reports_that_cannot_be_compared_are_an_error_of_the_programmer(
    made: Path, comparison: Comparison
) -> None:
    other = evaluate("ovis", made / "annotations.json", made / "predictions" / "weak", bootstrap=20)
    with pytest.raises(ValueError, match=r"reports of the same bootstrap, but got \(199, 0\) and \(20, 0\)"):
        compare_reports(comparison.a, other)
    other = evaluate("ytvis2021", made / "annotations.json", made / "predictions" / "weak")
    with pytest.raises(ValueError, match="reports of the same benchmark, but got ovis and ytvis2021"):
        compare_reports(comparison.a, other)


def test_maps_are_compared_by_their_own_metrics(tmp_path: Path) -> None:
    vps.write_benchmark(tmp_path / "made", videos=4, frames=7, height=32, width=48, seed=0)
    truth, predictions = tmp_path / "made/ground_truth", tmp_path / "made/predictions"
    found = compare("vipseg", truth, predictions / "weak", predictions / "strong", bootstrap=99)
    assert found.sentence("VPQ") == "B beats A on VPQ (p < 0.02)."
    assert found.videos.metric == "VPQ"


def test_the_command_prints_what_the_library_says_and_writes_it(
    made: Path, comparison: Comparison, tmp_path: Path
) -> None:
    pair = [word for name in ("strong", "weak") for word in ("--pred", made / "predictions" / name)]
    done = run(made, *pair, "--bootstrap", 199, "--json", tmp_path / "out.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "A beats B on AP (p < 0.01)." in done.stdout
    assert f"AP of single videos: A is better on {comparison.videos.a_better}" in done.stdout
    assert all(item.name in done.stdout for item in comparison.videos.largest)
    written = json.loads((tmp_path / "out.json").read_text())
    assert written == json.loads(json.dumps(comparison.to_json()))
    assert written["differences"]["AP"]["sentence"] == "A beats B on AP (p < 0.01)."


def test_the_command_needs_two_submissions_that_can_be_scored(made: Path, tmp_path: Path) -> None:
    weak = made / "predictions" / "weak"
    done = run(made, "--pred", weak)
    assert done.exit_code == 2
    assert done.stderr == "--pred is given 1 times. Give it twice: submission A, then submission B.\n"
    (tmp_path / "results.json").write_text("{}")
    done = run(made, "--pred", weak, "--pred", tmp_path / "results.json")
    assert done.exit_code == 1
    assert f"Rejected: {tmp_path / 'results.json'} cannot be scored." in done.stderr
