"""`manage.py import_benchmark`: hosting a benchmark of one's own."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.support.factories import claim, make_report, make_submission
from webapp.accounts.audit import AuditEvent
from webapp.benchmarks.models import Benchmark, Split
from webapp.blobs.storage import blob_bytes
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


def ground_truth(videos: int = 2) -> dict[str, Any]:
    """Videos of two frames of 4 x 4 pixels, each with one object that fills the upper half."""
    rle = {"size": [4, 4], "counts": [0, 2, 2, 2, 2, 2, 2, 2, 2]}
    ids = range(1, videos + 1)
    return {
        "videos": [
            {"id": id, "height": 4, "width": 4, "length": 2, "file_names": [f"v{id}/0.jpg", f"v{id}/1.jpg"]}
            for id in ids
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "fish"}],
        "annotations": [
            {
                "id": id,
                "video_id": id,
                "category_id": 1,
                "iscrowd": 0,
                "segmentations": [rle, None],
                "bboxes": [[0, 0, 4, 2], None],
                "areas": [8, None],
                "occlusion": ["no_occlusion", None],
            }
            for id in ids
        ],
    }


@pytest.fixture
def gt(tmp_path: Path) -> Path:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(ground_truth()))
    return path


def import_benchmark(gt: Path, *options: str, slug: str = "mine", evaluator: str = "ytvis2019") -> str:
    out = io.StringIO()
    arguments = [slug, "--benchmark", evaluator, "--split", "val", "--gt", str(gt)]
    call_command("import_benchmark", *arguments, *options, stdout=out, stderr=out)
    return out.getvalue()


def test_annotations_that_count_nowhere_are_told_to_the_organiser(tmp_path: Path) -> None:
    content = ground_truth()
    content["annotations"][1]["category_id"] = 9
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    printed = import_benchmark(tmp_path / "annotations.json")
    assert "1 annotation has a category that `categories` does not list: 9." in printed
    assert "mine val: 2 videos" in printed


def test_a_ground_truth_becomes_a_closed_split_with_its_videos_and_categories(gt: Path) -> None:
    printed = import_benchmark(gt, "--name", "My Benchmark", "--licence", "CC BY 4.0")
    split = Split.objects.get()
    assert "My Benchmark val: 2 videos, 2 annotated objects, 2 categories." in printed
    assert "Closed: it takes no submissions, and scores show to organisers alone." in printed
    assert "manage.py import_benchmark mine --split val --open" in printed
    assert (split.opens_at, split.is_open(), split.shows_scores()) == (None, False, False)
    assert split.is_default
    assert not split.ground_truth_public
    assert [(video["id"], video["length"], video["width"]) for video in split.videos] == [
        (1, 2, 4),
        (2, 2, 4),
    ]
    assert (
        split.categories
        == split.benchmark.categories
        == [{"id": 1, "name": "person"}, {"id": 2, "name": "fish"}]
    )
    assert (split.benchmark.task, split.benchmark.licence) == ("vis", "CC BY 4.0")
    assert split.ground_truth is not None
    assert blob_bytes(split.ground_truth) == gt.read_bytes()
    assert AuditEvent.objects.get().action == "benchmark.import"


def test_a_gzipped_one_is_stored_unpacked_so_that_hashes_agree(gt: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "annotations.json.gz"
    zipped.write_bytes(gzip.compress(gt.read_bytes()))
    import_benchmark(zipped, "--public-gt")
    split = Split.objects.get()
    assert split.ground_truth is not None
    assert blob_bytes(split.ground_truth) == gt.read_bytes()
    assert split.ground_truth_public


def test_importing_again_changes_what_is_given_and_keeps_the_rest(gt: Path) -> None:
    import_benchmark(gt, "--name", "My Benchmark")
    import_benchmark(gt, "--summary", "Two videos.")
    benchmark = Benchmark.objects.get()
    assert (benchmark.name, benchmark.summary, Split.objects.count()) == ("My Benchmark", "Two videos.", 1)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda gt: gt.unlink(), "There is no file"),
        (lambda gt: gt.write_text("{"), "nothing was changed"),
        (lambda gt: gt.write_text('{"videos": []}'), "nothing was changed"),
        (lambda gt: gt.write_bytes(b"\x1f\x8b damaged"), "cannot be unpacked"),
        (lambda gt: gt.write_bytes(gzip.compress(gt.read_bytes())[:40]), "cannot be unpacked"),
    ],
    ids=["missing", "cut", "incomplete", "no gzip", "cut gzip"],
)
def test_a_wrong_file_is_refused_in_words_and_nothing_is_made(gt: Path, spoil: Any, said: str) -> None:
    spoil(gt)
    with pytest.raises(CommandError, match=said):
        import_benchmark(gt)
    assert not Benchmark.objects.exists()


def test_all_problems_of_a_ground_truth_are_told(gt: Path) -> None:
    wrong = ground_truth()
    wrong["annotations"][0]["video_id"] = 99
    wrong["annotations"][1]["video_id"] = 98
    gt.write_text(json.dumps(wrong))
    with pytest.raises(CommandError) as refused:
        import_benchmark(gt)
    assert str(refused.value).count("  -> ") >= 2


def test_an_unknown_benchmark_names_the_known_ones(gt: Path) -> None:
    with pytest.raises(
        CommandError, match=r"no evaluator for 'coco'.*\n.*ytvis2019, ytvis2021, ytvis2022, ovis"
    ):
        import_benchmark(gt, evaluator="coco")


@pytest.mark.parametrize("slug", ["has space", "../up", ""])
def test_a_slug_that_fits_no_address_is_refused(gt: Path, slug: str) -> None:
    with pytest.raises(CommandError, match="cannot be part of an address"):
        import_benchmark(gt, slug=slug)


def test_frames_are_found_by_the_names_of_the_videos(gt: Path, tmp_path: Path) -> None:
    def refusal() -> str:
        with pytest.raises(CommandError, match="one folder per video") as refused:
            import_benchmark(gt, "--frames", str(tmp_path / "frames"))
        return str(refused.value)

    (tmp_path / "frames" / "v1").mkdir(parents=True)
    assert "lacks frames of 2 of 2 videos: v1 (0.jpg, 1.jpg), v2 (no folder)." in refusal()
    for name in ("v1/0.jpg", "v1/._1.jpg", "v2/0.jpg", "v2/1.PNG"):  # the suffix may be another one
        (tmp_path / "frames" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "frames" / name).touch()
    assert "lacks frames of 1 of 2 videos: v1 (1.jpg)." in refusal()
    assert not Split.objects.exists()
    (tmp_path / "frames" / "v1" / "1.jpg").touch()
    import_benchmark(gt, "--frames", str(tmp_path / "frames"))
    assert Split.objects.get().frames_dir == str(tmp_path / "frames")


def test_another_ground_truth_under_scores_needs_a_word_and_is_told(gt: Path) -> None:
    import_benchmark(gt, "--open")
    split = Split.objects.get()
    make_submission(split=split)
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    gt.write_text(json.dumps(ground_truth(videos=3)))
    with pytest.raises(CommandError, match=r"1 scored submissions, measured against another ground truth"):
        import_benchmark(gt)
    split.refresh_from_db()
    assert split.video_count == 2
    assert "1 score stays" in import_benchmark(gt, "--replace")
    split.refresh_from_db()
    assert split.video_count == 3


def test_another_evaluator_under_scores_is_refused(gt: Path) -> None:
    import_benchmark(gt, "--open")
    make_submission(split=Split.objects.get())
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
    with pytest.raises(CommandError, match="is evaluated as 'ytvis2019' and has scores"):
        import_benchmark(gt, evaluator="ovis")


def test_a_benchmark_of_ones_own_is_not_named_like_the_data_set_whose_evaluator_it_takes(gt: Path) -> None:
    import_benchmark(gt)
    import_benchmark(gt, slug="ytvis2019")
    import_benchmark(gt, "--name", "Fish of the lake", slug="fish")
    names = dict(Benchmark.objects.values_list("slug", "name"))
    assert names == {"mine": "mine", "ytvis2019": "YouTube-VIS 2019", "fish": "Fish of the lake"}
