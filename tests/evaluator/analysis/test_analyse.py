"""`evaluator.analyse` and `python -m evaluator analyse`: numbers that agree, subsets, and the contract."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator import SubsetInvalid, analyse, evaluate
from evaluator.analysis.errors import KINDS
from evaluator.analysis.tracking import TRACKING_METRICS
from evaluator.catalog import METRICS
from evaluator.synthetic.vis import write_benchmark
from tests.evaluator.vis_files import annotation, ground_truth, prediction, rle, write

AREAS = {"small": "s", "medium": "m", "large": "l"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Three small videos and predictions with many kinds of mistakes."""
    folder = tmp_path_factory.mktemp("made") / "benchmark"
    write_benchmark(
        folder, videos=3, frames=12, height=48, width=64, seed=3, progress=lambda done, total: None
    )
    return folder / "annotations.json", folder / "predictions" / "weak"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    truth = ground_truth(annotation(1), annotation(2, video_id=9))
    results = [prediction(), prediction(video_id=9, category_id=5)]
    return write(tmp_path / "gt.json", truth), write(tmp_path / "results.json", results)


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evaluator", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_metrics_and_ap50_are_those_of_the_score(made: tuple[Path, Path]) -> None:
    report, found = evaluate("ovis", *made), analyse("ovis", *made).whole
    assert found.metrics == report.metrics
    assert found.errors["AP50"] == report.metrics["AP50"]
    assert (found.videos, found.predictions) == (report.videos, report.predictions)


def test_ap_at_each_threshold_has_ap_as_its_mean_for_all_and_by_occlusion(made: tuple[Path, Path]) -> None:
    found = analyse("ovis", *made).whole
    curve = found.thresholds
    assert curve["iou"] == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert (curve["AP"][0], curve["AP"][5]) == (found.metrics["AP50"], found.metrics["AP75"])
    assert sum(curve["AP"]) / 10 == pytest.approx(found.metrics["AP"])
    for name, key in (("light", "AP_so"), ("medium", "AP_mo"), ("heavy", "AP_ho")):
        assert sum(curve["by"]["occlusion"][name]) / 10 == pytest.approx(found.metrics[key])


def test_categories_that_are_counted_one_too_high_are_recognised(tmp_path: Path) -> None:
    truth = ground_truth(annotation(1), annotation(2, video_id=9))
    true = truth["annotations"][0]["category_id"]
    truth["categories"].append({"id": true + 1, "name": "one more"})
    results = [prediction(category_id=true + 1), prediction(video_id=9, category_id=true + 1)]
    files = write(tmp_path / "gt.json", truth), write(tmp_path / "results.json", results)
    found = analyse("ytvis2019", *files).whole.errors
    assert found["category_shift"] == {"shift": 1, "share": 1}
    write(files[1], [prediction()])
    assert analyse("ytvis2019", *files).whole.errors["category_shift"] is None


def test_a_subset_is_analysed_as_if_it_were_the_split(made: tuple[Path, Path], tmp_path: Path) -> None:
    truth = json.loads(made[0].read_text())
    ids = [video["id"] for video in truth["videos"]][:2]
    listed = write(tmp_path / "two.txt", "\n".join(map(str, ids)))
    subset = analyse("ovis", *made, subsets={"two": listed}).subsets["two"]
    kept = {
        **truth,
        "videos": [video for video in truth["videos"] if video["id"] in ids],
        "annotations": [item for item in truth["annotations"] if item["video_id"] in ids],
    }
    results = json.loads((made[1] / "results.json").read_text())
    alone = analyse(
        "ovis",
        write(tmp_path / "gt.json", kept),
        write(tmp_path / "results.json", [item for item in results if item["video_id"] in ids]),
    )
    assert subset == alone.whole


def test_more_workers_change_nothing(made: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = (analyse("ovis", *made, workers=workers, prepared_dir=tmp_path) for workers in (1, 2))
    assert one.whole == two.whole


def test_progress_counts_two_steps_a_video(made: tuple[Path, Path]) -> None:
    steps: list[tuple[int, int]] = []
    analyse("ovis", *made, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(done, 6) for done in range(1, 7)]


def test_benchmarks_without_occlusion_levels_have_no_such_slices(files: tuple[Path, Path]) -> None:
    assert set(analyse("ytvis2021", *files).whole.errors["by"]) == {"size", "length"}
    assert set(analyse("ovis", *files).whole.errors["by"]) == {"size", "occlusion", "length"}


def test_masks_without_pixels_are_counted(files: tuple[Path, Path]) -> None:
    write(files[1], [prediction(segmentations=[rle(), None, {}])])
    assert analyse("ovis", *files).whole.tracking["empty_masks"] == 1


def test_videos_are_listed_by_id_or_name(files: tuple[Path, Path], tmp_path: Path) -> None:
    listed = write(tmp_path / "list.txt", "# at night\n\nnine\n 9 \n")
    part = analyse("ovis", *files, subsets={"night": listed}).subsets["night"]
    assert (part.videos, part.predictions) == (1, 1)
    assert part.errors["kinds"]["classification"] == {"dAP50": pytest.approx(1), "count": 1}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("eight\n7\n8", "list.txt: the ground truth has no video 'eight' (line 1), '8' (line 3)."),
        ("\n# 7\n", "list.txt: no video is listed."),
        ("\n9\n", "list.txt, line 2: '9' is the id or name of 2 videos."),
    ],
)
def test_a_list_that_fits_the_videos_badly_is_refused(
    text: str, sentence: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    truth = json.loads(files[0].read_text())
    if "2 videos" in sentence:
        truth["videos"][0] = truth["videos"][0] | {"file_names": ["9/0.jpg"] * 3}
        write(files[0], truth)
    with pytest.raises(SubsetInvalid) as refused:
        analyse("ovis", *files, subsets={"some": write(tmp_path / "list.txt", text)})
    assert str(refused.value).startswith(sentence)


def test_lists_must_be_text(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe7\x00")
    with pytest.raises(SubsetInvalid, match="not UTF-8"):
        analyse("ovis", *files, subsets={"some": tmp_path / "list.txt"})


def test_other_tasks_have_no_analysis(files: tuple[Path, Path]) -> None:
    with pytest.raises(ValueError, match="Expected one of ytvis2019"):
        analyse("vspw", *files)
    assert run("analyse", "vspw", "--gt", files[0], "--pred", files[1]).returncode == 2


def test_the_documentation_names_every_metric_and_kind() -> None:
    page = (Path(__file__).parents[3] / "docs" / "error-analysis.md").read_text()
    assert [kind for kind in KINDS.values() if f"| `{kind}` |" not in page] == []
    assert [key for key in TRACKING_METRICS if METRICS[key].group != "tracking" or key not in page] == []


def test_the_command_prints_tables_and_writes_json(files: tuple[Path, Path], tmp_path: Path) -> None:
    listed = write(tmp_path / "list.txt", "7\n")
    words = ("analyse", "ovis", "--gt", files[0], "--pred", files[1])
    done = run(*words, "--subset", f"day={listed}", "--json", tmp_path / "out.json", "--workers", 2)
    assert (done.returncode, done.stderr) == (0, "")
    for word in (*TRACKING_METRICS, *KINDS.values(), "subset day"):
        assert word in done.stdout
    found = json.loads((tmp_path / "out.json").read_text())
    assert set(found) == {
        "benchmark", "task", "evaluator", "videos", "predictions", "metrics", "thresholds", "tracking",
        "errors", "subsets", "seconds", "warnings",
    }  # fmt: skip
    assert set(found["tracking"]["per_category"]) == {"cat", "dog"}
    assert found["subsets"]["day"]["tracking"]["det_averaged"]["HOTA"] == pytest.approx(1)


def test_a_minimum_score_applies_to_tracking_alone(files: tuple[Path, Path], tmp_path: Path) -> None:
    words = ("analyse", "ovis", "--gt", files[0], "--pred", files[1], "--json", tmp_path / "out.json")
    assert run(*words, "--min-score", 0.6).returncode == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["tracking"]["det_averaged"]["HOTA"] == 0
    assert found["metrics"]["AP50"] > 0


def test_exit_statuses_are_those_of_score(files: tuple[Path, Path], tmp_path: Path) -> None:
    words = ("analyse", "ovis", "--gt", files[0], "--pred", files[1])
    for option in ("some", "=x", "some=", f"some={tmp_path}", "some=nowhere.txt"):
        done = run(*words, "--subset", option)
        assert done.returncode == 2
        assert done.stderr.startswith("--subset")
    write(files[1], [prediction(video_id=8)])
    done = run(*words)
    assert (done.returncode, "[video-unknown]" in done.stderr) == (1, True)
    write(files[0], ground_truth(annotation(0)))
    assert run(*words).returncode == 3
