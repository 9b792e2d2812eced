"""Named subsets of a split: lists of videos at import, what a change of them costs, scores of each."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.support.factories import claim, make_blob, make_report, make_submission, make_user
from tests.webapp.benchmarks.test_import import ground_truth, gt, import_benchmark
from webapp.benchmarks.models import Split, VideoSubset
from webapp.benchmarks.subsets import subsets_store
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission, SubsetScore
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db
__all__ = ["gt"]  # a fixture of the import's tests


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.txt"
    path.write_text("# those with many frames\nv2\n")
    return path


def finish(**numbers: float) -> None:
    """Finish the next evaluation with this AP for each subset that its worker was given."""
    taken = claim()
    assert {subset.name for subset in taken.subsets} == set(numbers)
    parts = {
        name: {"videos": 1, "metrics": {"AP": value, "AP_ho": None}, "intervals": {"AP": [0.1, 0.9]}}
        for name, value in numbers.items()
    }
    report = make_report(AP=0.5) | {"subsets": parts}
    assert evaluation_finish_scored(token=taken.token, outcome=Outcome(report, subsets=taken.subsets))


def numbers_of(submission: Submission) -> dict[tuple[str, str], float | None]:
    rows = submission.subset_scores.values_list("subset__name", "metric", "value")
    return {(name, metric): value for name, metric, value in rows}


def test_a_list_at_import_becomes_a_subset_and_stays_when_it_is_not_given_again(gt: Path, long: Path) -> None:
    assert "Subset long: 1 video." in import_benchmark(gt, "--open", "--subset", f"long={long}")
    (subset,) = VideoSubset.objects.all()
    assert (subset.name, subset.title, subset.videos, subset.video_count) == ("long", "Long", ["2"], 1)
    import_benchmark(gt, "--open")
    assert VideoSubset.objects.get() == subset


def test_every_submission_is_scored_on_each_subset(gt: Path, long: Path) -> None:
    import_benchmark(gt, "--open", "--subset", f"long={long}")
    submission = make_submission(split=Split.objects.get())
    finish(long=0.25)
    assert numbers_of(submission) == {("long", "AP"): 0.25, ("long", "AP_ho"): None}
    score = SubsetScore.objects.get(metric="AP")
    assert (score.low, score.high) == (0.1, 0.9)
    assert dict(submission.scores.values_list("metric", "value")) == {"AP": 0.5}


def test_another_list_takes_the_scores_of_the_former_one_with_it(gt: Path, long: Path) -> None:
    import_benchmark(gt, "--open", "--subset", f"long={long}")
    VideoSubset.objects.update(title="Long videos")
    submission = make_submission(split=Split.objects.get())
    finish(long=0.25)
    long.write_text("1\n2\n")
    import_benchmark(gt, "--open", "--subset", f"long={long}")
    subset = VideoSubset.objects.get()
    assert (subset.title, subset.videos) == ("Long videos", ["1", "2"])
    assert numbers_of(submission) == {}


def test_a_list_that_changes_during_an_evaluation_gets_no_scores_of_the_former_one(
    gt: Path, long: Path
) -> None:
    import_benchmark(gt, "--open", "--subset", f"long={long}")
    split = Split.objects.get()
    submission = make_submission(split=split)
    taken = claim()
    subsets_store(split=split, chosen={"long": ["1"]})
    part = {"videos": 1, "metrics": {"AP": 0.25}, "intervals": {}}
    report = make_report(AP=0.5) | {"subsets": {"long": part}}
    assert evaluation_finish_scored(token=taken.token, outcome=Outcome(report, subsets=taken.subsets))
    submission.refresh_from_db()
    assert (submission.status, numbers_of(submission)) == ("scored", {})


def test_a_file_sent_again_is_evaluated_for_a_new_subset_and_costs_no_quota(gt: Path) -> None:
    import_benchmark(gt, "--open")
    split, author, blob = Split.objects.get(), make_user(), make_blob()
    split.quota_total = 1
    split.save()
    make_submission(author, split, blob=blob)
    finish()
    assert make_submission(author, split, blob=blob).status == "scored"  # answered at once
    subsets_store(split=split, chosen={"night": ["1"]})
    again = make_submission(author, split, blob=blob)
    assert again.status == "queued"
    finish(night=0.75)
    known = make_submission(author, split, blob=blob)
    assert (known.status, numbers_of(known)) == ("scored", numbers_of(again))


@pytest.mark.parametrize(
    ("text", "said"),
    [("v2\nv7\n", "the ground truth has no video 'v7' (line 2)"), ("# none\n", "no video is listed")],
)
def test_a_list_that_does_not_fit_is_refused_and_nothing_is_made(
    text: str, said: str, gt: Path, long: Path
) -> None:
    long.write_text(text)
    with pytest.raises(CommandError) as refused:
        import_benchmark(gt, "--open", "--subset", f"long={long}")
    assert said in str(refused.value)
    assert not Split.objects.exists()


def test_a_new_ground_truth_without_the_videos_of_a_subset_is_refused(gt: Path, long: Path) -> None:
    import_benchmark(gt, "--open", "--subset", f"long={long}")
    gt.write_text(json.dumps(ground_truth(videos=1)))
    with pytest.raises(CommandError, match="subset long: the ground truth has no video '2'"):
        import_benchmark(gt, "--open")
    long.write_text("1\n")
    import_benchmark(gt, "--open", "--subset", f"long={long}")
    assert VideoSubset.objects.get().videos == ["1"]


@pytest.mark.parametrize("option", ["long", "long=", "=long.txt", "long=nowhere.txt", "a/b=long.txt"])
def test_an_option_that_names_no_list_is_refused(option: str, gt: Path) -> None:
    with pytest.raises(CommandError):
        import_benchmark(gt, "--open", "--subset", option)
