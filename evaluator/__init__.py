"""Scores submissions to video segmentation benchmarks exactly as the official evaluations do.

    from evaluator import evaluate
    report = evaluate("ovis", Path("annotations.json"), Path("results.zip"))
    report.metrics["AP"]

`compare` says which of two submissions is better, and how surely; `analyse` computes more for tracklets:
HOTA, IDF1 and what each kind of error costs.

Importing the package is cheap; numpy and the compiled kernels are loaded by the first call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from evaluator.catalog import BENCHMARKS, BenchmarkSpec
from evaluator.files.members import open_members
from evaluator.files.source import check_predictions
from evaluator.options import Options
from evaluator.problems import GroundTruthError, Problem, SubmissionRejected, SubsetInvalid
from evaluator.statistics.report_comparison import Comparison, compare_reports
from evaluator.types import Analysis, Listing, Report
from evaluator.version import __version__

__all__ = [
    "Analysis",
    "Comparison",
    "GroundTruthError",
    "Problem",
    "Report",
    "SubmissionRejected",
    "SubsetInvalid",
    "__version__",
    "analyse",
    "compare",
    "evaluate",
    "validate",
    "warm_up",
]


def evaluate(
    benchmark: str,
    ground_truth: Path,
    predictions: Path,
    *,
    workers: int = 1,
    prepared_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    subsets: Mapping[str, Listing] | None = None,
) -> Report:
    """Score one submission.

    Args:
        benchmark: a key of `evaluator.catalog.BENCHMARKS`.
        ground_truth: the official annotation JSON, or the folder with panoptic JSON and maps, or class maps.
        predictions: a results.json, a zip archive or a folder.
        workers: processes among which the videos are spread; 1 uses one core.
        prepared_dir: folder where the prepared ground truth is kept between calls; None keeps nothing.
        bootstrap: how often videos are drawn for the 95 % intervals of the headline metrics; 0 for none.
        seed: of those draws; the same for two submissions makes their intervals comparable.
        subsets: names, each with ids and names of videos or a file with one per line: all metrics are
            computed for these videos alone, too.
        progress: called with (videos done, videos in all); what it raises ends the evaluation.

    Raises:
        SubmissionRejected: the predictions cannot be scored.
        GroundTruthError: the ground truth is unusable.
        SubsetInvalid: a list of videos cannot be used.
        OSError: a file cannot be read.
        ValueError: the benchmark is unknown, `workers` is less than 1 or `bootstrap` negative.
    """
    options = Options(
        workers=workers,
        prepared_dir=prepared_dir,
        progress=progress,
        bootstrap=bootstrap,
        seed=seed,
        subsets=subsets or {},
    )
    return _evaluate(_known(benchmark), ground_truth, predictions, options)


def compare(
    benchmark: str,
    ground_truth: Path,
    predictions_a: Path,
    predictions_b: Path,
    *,
    workers: int = 1,
    prepared_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Score two submissions to one split and say which is better, and how surely (docs/statistics.md).

    Args, Raises: as for `evaluate`; `progress` goes through the videos twice.
    """
    options = Options(
        workers=workers, prepared_dir=prepared_dir, progress=progress, bootstrap=bootstrap, seed=seed
    )
    both = (predictions_a, predictions_b)
    return compare_reports(*(_evaluate(_known(benchmark), ground_truth, path, options) for path in both))


def analyse(
    benchmark: str,
    ground_truth: Path,
    predictions: Path,
    *,
    subsets: Mapping[str, Listing] | None = None,
    min_score: float | None = None,
    workers: int = 1,
    prepared_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Analysis:
    """Analyse a submission of tracklets: HOTA, IDF1, and the cost of each kind of error.

    Args:
        benchmark: a key of `evaluator.catalog.BENCHMARKS` whose task is vis.
        ground_truth, predictions, workers, prepared_dir: as for `evaluate`.
        subsets: as for `evaluate`; everything is computed for each as well.
        min_score: predictions with a lower score are left out of HOTA and IDF1; None takes all, as TrackEval.
        progress: called with (steps done, steps in all), two steps per video; errors that it
            raises end the analysis.

    Raises:
        SubmissionRejected, GroundTruthError, OSError: as for `evaluate`.
        SubsetInvalid: a list of videos cannot be used.
        ValueError: the benchmark is unknown or of another task, or `workers` is less than 1.
    """
    tracklets = [spec.key for spec in BENCHMARKS.values() if spec.task == "vis"]
    if benchmark not in tracklets:
        raise ValueError(f"Expected one of {', '.join(tracklets)}, but got {benchmark!r}")
    from evaluator.analysis.analyse import analyse

    options = Options(workers=workers, prepared_dir=prepared_dir, progress=progress, subsets=subsets or {})
    return analyse(BENCHMARKS[benchmark], ground_truth, predictions, min_score, options)


def validate(benchmark: str, predictions: Path, ground_truth: Path | None = None) -> list[Problem]:
    """Return all errors and warnings of a submission without scoring it.

    With `ground_truth` (its annotation JSON), video ids, lengths and sizes are checked as well. An unusable
    ground truth is an error in the list like any other.

    Raises:
        OSError: a file cannot be read.
        ValueError: the benchmark is unknown.
    """
    spec = _known(benchmark)
    try:  # what cannot be opened is refused before numpy and the kernels are loaded, which takes a second
        if spec.task == "vis":
            check_predictions(predictions)
        else:
            open_members(predictions).close()
    except SubmissionRejected as rejected:
        return list(rejected.problems)
    match spec.task:
        case "vis":
            from evaluator.tracklets.evaluate import validate
        case "vps":
            from evaluator.panoptic.evaluate import validate
        case "vss":
            from evaluator.semantic.evaluate import validate
    return validate(spec, predictions, ground_truth)


def warm_up() -> None:
    """Load the compiled kernels, compiling them if their cache is empty (about half a minute, once)."""
    import evaluator.panoptic.evaluate
    import evaluator.semantic.evaluate
    import evaluator.tracklets.evaluate  # noqa: F401  all load kernels that are compiled for fixed types


def _known(benchmark: str) -> BenchmarkSpec:
    if benchmark not in BENCHMARKS:
        raise ValueError(f"Expected one of {', '.join(BENCHMARKS)}, but got {benchmark!r}")
    return BENCHMARKS[benchmark]


def _evaluate(spec: BenchmarkSpec, ground_truth: Path, predictions: Path, options: Options) -> Report:
    """Score one submission with the room of its task, loaded only now: the site never needs the kernels."""
    match spec.task:
        case "vis":
            from evaluator.tracklets.evaluate import evaluate
        case "vps":
            from evaluator.panoptic.evaluate import evaluate
        case "vss":
            from evaluator.semantic.evaluate import evaluate
    return evaluate(spec, ground_truth, predictions, options)
