"""Contents of the pages of submissions, gathered from the selectors of several apps."""

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import prefetch_related_objects

from evaluator.problems import PROBLEMS
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.leaderboards.board import SAME, Row
from webapp.leaderboards.choosing import compare_href
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.metrics import Metric
from webapp.leaderboards.selectors import Leaderboard, leaderboard
from webapp.pages.benchmarks.uncertainty import rank_span
from webapp.pages.costs import cost_text
from webapp.pages.submissions.explanation import Explanation, explanation
from webapp.pages.submissions.forms import CostFields
from webapp.pages.submissions.problem_groups import ProblemGroup, problem_groups
from webapp.pages.submissions.report import Number, ReportPage, report_page, score_numbers
from webapp.pages.submissions.subset_table import SubsetTable, subset_table
from webapp.pages.videos.ways import Ways, player_href, ways_to_videos
from webapp.playback.permissions import masks_are_visible
from webapp.playback.services import has_masks
from webapp.runs.models import Run
from webapp.runs.selectors import RunFigures, run_figures
from webapp.runs.weights import Weights, run_weights
from webapp.submissions.analyses.selectors import analysis_is_expected, findings_of
from webapp.submissions.costs import cost_said
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.errata.selectors import replacements_of, stale_reason
from webapp.submissions.models import Submission
from webapp.submissions.results import ResultLost
from webapp.submissions.selectors import numbers_are_visible, result_of
from webapp.submissions.sentences import status_sentence

Status, Origin = Submission.Status, Submission.Origin
RIVALS = 10
PUBLISHABLE = (*Submission.UNFINISHED, Status.SCORED)
WITHDRAWABLE = (Status.RECEIVED, Status.QUEUED, Status.RUNNING, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Position of a submission on its board. `is_best`: the board shows this one of its variant.

    `reason` ends a sentence on another one of its variant that the board shows instead. `rank_span` are the
    ranks that the videos leave possible, in words; `rivals` other rows, each with the address of the
    comparison with this submission. While the rank is being computed, `is_pending` is true.
    """

    rank: int | None
    is_pending: bool
    rank_span: str
    rows: int
    is_best: bool
    reason: str
    rivals: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    sentence: str
    is_unfinished: bool
    errors: tuple[ProblemGroup, ...]
    warnings: tuple[ProblemGroup, ...]
    report: ReportPage | None
    explanation: Explanation | None
    standing: Standing | None
    subsets: SubsetTable | None
    scores: tuple[Number, ...]
    lost: dict[str, Any] | None
    source: tuple[tuple[str, str], ...]
    run: RunFigures | None
    weights: Weights | None
    masks_href: str
    is_blind: bool
    details_hidden: bool
    command: str
    stale: str
    replaced: tuple[Reevaluation, ...]
    who_sees_it: str
    can_edit: bool
    can_publish: bool
    can_withdraw: bool
    can_retry: bool
    cost: str
    cost_form: CostFields | None


def submission_page(
    submission: Submission, user: User | AnonymousUser, video_sort: str = ""
) -> SubmissionPage:
    """Everything about a submission that this person may see."""
    is_scored = submission.status == Status.SCORED
    sees_scores = numbers_are_visible(user=user, submission=submission)
    has_report = is_scored and sees_scores and submission.result is not None
    sees_masks = has_masks(submission) and masks_are_visible(user, submission)
    is_owner = user.is_authenticated and (user.is_staff or user.pk == submission.author_id)
    groups = problem_groups(submission.problems)
    if has_report:
        prefetch_related_objects([submission.split], "subsets")
    report, lost = _report(submission, user) if has_report else (None, None)
    ways = ways_to_videos(submission.split, [submission] if sees_masks and report else [])
    run: Run | None = getattr(submission, "run", None) if is_scored else None
    return SubmissionPage(
        sentence=status_sentence(submission),
        is_unfinished=not submission.is_finished,
        errors=tuple(group for group in groups if group.severity == "error"),
        warnings=tuple(group for group in groups if group.severity == "warning"),
        report=report_page(report, submission.split, ways, video_sort) if report else None,
        explanation=_explanation(submission, user, report, ways) if report else None,
        standing=_standing(submission, user) if is_scored and sees_scores else None,
        subsets=subset_table(submission) if has_report else None,
        scores=tuple(score_numbers(submission)) if is_scored and sees_scores and report is None else (),
        lost=lost.problem if lost else None,
        source=tuple((name.replace("_", " "), str(text)) for name, text in submission.source.items()),
        run=run_figures(run) if run else None,
        weights=run_weights(user=user, run=run) if run else None,
        masks_href=player_href(submission.split, [submission.pk])
        if sees_masks and submission.split.video_count
        else "",
        is_blind=is_scored and not sees_scores,
        details_hidden=bool(report and report.get("details_hidden")),
        command=reproduce_command(submission, (report or {}).get("bootstrap", {}).get("resamples", 0)),
        stale=stale_reason(submission),
        replaced=tuple(replacements_of(submission)) if has_report else (),
        who_sees_it=_who_sees_it(submission, user),
        can_edit=is_owner,
        can_publish=is_owner
        and submission.status in PUBLISHABLE
        and (user.is_staff or not submission.is_hidden),
        can_withdraw=is_owner and submission.status in WITHDRAWABLE,
        can_retry=user.is_staff and submission.status == Status.FAILED,
        cost=cost_text(cost_said(submission)),
        cost_form=_cost_form(submission) if is_owner and submission.origin == Origin.UPLOAD else None,
    )


def _cost_form(submission: Submission) -> CostFields:
    return CostFields(initial={f"cost_{key}": value for key, value in submission.cost.items()})


def _who_sees_it(submission: Submission, user: User | AnonymousUser) -> str:
    """Return who sees it in a sentence; empty where everybody does."""
    if submission.is_public:
        return ""
    if submission.is_hidden:
        return "Hidden by the organisers: only they can publish it."
    who = "you" if user.pk == submission.author_id else "its author"
    return f"Private: only {who} and the organisers see it."


def _report(
    submission: Submission, user: User | AnonymousUser
) -> tuple[dict[str, Any] | None, ResultLost | None]:
    try:
        return result_of(submission, user=user), None
    except ResultLost as lost:
        return None, lost


def _explanation(
    submission: Submission, user: User | AnonymousUser, report: dict[str, Any], ways: Ways
) -> Explanation:
    findings = findings_of(submission, user=user)
    is_expected = findings is None and analysis_is_expected(submission)
    return explanation(submission, report, findings, ways, is_expected=is_expected)


def reproduce_command(submission: Submission, resamples: int) -> str:
    """The command that gives the same numbers and intervals on a laptop that has the ground truth."""
    benchmark = submission.split.benchmark
    predictions = shlex.quote(submission.filename or benchmark.predictions_name)
    files = f"--gt {benchmark.ground_truth_name} --pred {predictions}"
    draws = f" --bootstrap {resamples}" if resamples else ""
    return f"python -m evaluator score {benchmark.evaluator} {files}{draws} --json report.json"


def _standing(submission: Submission, user: User | AnonymousUser) -> Standing:
    filters = Filters(split=submission.split.name)
    board = leaderboard(split=submission.split, user=user, filters=filters, limit=RIVALS + 1)
    rows = board.every.read(board.every.of_variants([submission.variant_id]))
    own = next((row for row in rows if row.row.submission_id == str(submission.id)), None)
    found = own or next((row for row in rows if row.row.is_public), None)
    has_other = found is not None and own is None and (found.rank is not None or found.is_pending)
    return Standing(
        rank=found.rank if found else None,
        is_pending=found is not None and found.is_pending,
        rank_span=rank_span(found) if found else "",
        rows=board.total,
        is_best=own is not None,
        reason=_reason(submission, found.row, board.primary) if found and has_other else "",
        rivals=_rivals(board, str(submission.id)),
    )


def _reason(submission: Submission, other: Row, primary: Metric) -> str:
    own = submission.scores.filter(metric=primary.key).values_list("value", flat=True).first()
    found = other.values.get(primary.key)
    if own is None or found is None:
        return "has a score"
    if round(own, SAME) == round(found, SAME):
        return "has the same score and was scored before"
    is_better = found > own if primary.higher_is_better else found < own
    return "scores higher" if is_better else "is the public one"


def _rivals(board: Leaderboard, own_id: str) -> tuple[tuple[str, str], ...]:
    """The best rows of the board that a submission can be compared with."""
    others = [one for one in board.rows if one.row.submission_id != own_id and one.rank is not None]
    return tuple(
        (f"{one.rank}. {one.row.full_name}", compare_href([own_id, one.row.submission_id]))
        for one in others[:RIVALS]
    )


def check_data(split: Split) -> dict[str, Any]:
    """Return the data for the check in the browser."""
    return {
        "task": split.benchmark.task,
        "videos": split.videos,
        "categories": [category["id"] for category in split.known_categories],
        "problems": {code: asdict(spec) for code, spec in PROBLEMS.items()},
    }
