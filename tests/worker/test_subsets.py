"""Subsets of a split, evaluated by the worker with every submission."""

from pathlib import Path

import pytest
from django.conf import settings

from evaluator import evaluate
from evaluator.statistics.comparison import pack_samples
from tests.support.factories import OPEN, make_split, make_submission
from tests.support.map_benchmarks import MAKERS, VIDEOS
from tests.support.slow_benchmark import write_slow_benchmark
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import
from webapp.blobs.storage import blob_save_copy
from webapp.submissions.models import Submission
from webapp.submissions.results import result_read
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db(transaction=True)


def evaluated(split: Split, predictions: Path) -> Submission:
    submission = make_submission(split=split, blob=blob_save_copy(predictions), filename=predictions.name)
    evaluate_next.apply(throw=True)
    return Submission.objects.select_related("result").get(pk=submission.pk)


def assert_as_evaluated(submission: Submission, truth: Path, predictions: Path, videos: list[str]) -> None:
    evaluator = submission.split.benchmark.evaluator
    draws = settings.BOOTSTRAP_RESAMPLES
    part = evaluate(evaluator, truth, predictions, subsets={"some": videos}, bootstrap=draws).subsets["some"]
    assert dict(submission.subset_scores.values_list("metric", "value")) == part.metrics
    assert result_read(submission)["subsets"]["some"]["metrics"] == part.metrics
    assert part.videos == len(videos)
    kept = {one.metric: one.samples for one in submission.subset_scores.exclude(samples=None)}
    assert kept == {key: pack_samples(values) for key, values in part.samples.items()}
    intervals = {one.metric for one in submission.subset_scores.filter(low__isnull=False)}
    assert kept.keys() >= intervals
    assert intervals


def test_a_subset_of_tracklet_videos_is_scored_by_their_ids(tmp_path: Path) -> None:
    truth, predictions = write_slow_benchmark(tmp_path, videos=3, tracklets=4)
    split = make_split(benchmark={"evaluator": "ytvis2019"}, ground_truth=blob_save_copy(truth))
    split.subsets.create(name="some", title="Some", videos=["1", "3"])
    assert_as_evaluated(evaluated(split, predictions), truth, predictions, ["1", "3"])


@pytest.mark.parametrize("evaluator", MAKERS)
def test_a_subset_of_videos_with_maps_is_scored_by_their_names(evaluator: str, tmp_path: Path) -> None:
    made = MAKERS[evaluator](tmp_path)
    name = VIDEOS[1]
    split = benchmark_import(
        slug="maps",
        evaluator=evaluator,
        split="val",
        ground_truth=made.truth,
        subsets={"some": [name]},
        rules=OPEN,
    ).split
    assert split.subsets.get().videos == [name]
    assert_as_evaluated(evaluated(split, made.good), made.truth, made.good, [name])
