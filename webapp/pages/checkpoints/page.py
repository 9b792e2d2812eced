"""Contents of the pages of checkpoints, gathered from the selectors of several apps."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.problems import CHECKPOINT_PROBLEMS
from webapp.checkpoints.selectors import checkpoint_sentence, checkpoints_visible_to
from webapp.checkpoints.zoo import ModelSpec, models
from webapp.leaderboards.metrics import metric, primary_metric
from webapp.numbers import percent
from webapp.pages.submissions.problem_groups import ProblemGroup, problem_groups
from webapp.submissions.models import Submission
from webapp.submissions.selectors import numbers_are_visible, submissions_visible_to

FILTERS = {"": "All", "mine": "Mine", "shared": "Shared with me", "public": "Public"}
Status = Checkpoint.Status


def checkpoints_shown(user: User | AnonymousUser, show: str) -> QuerySet[Checkpoint]:
    """Return the checkpoints of one filter; an unknown one shows all."""
    rows = checkpoints_visible_to(user)
    if show == "public":
        return rows.filter(visibility=Checkpoint.Visibility.PUBLIC)
    if user.is_authenticated and show == "mine":
        return rows.filter(owner=user)
    if user.is_authenticated and show == "shared":
        return rows.filter(pk__in=user.shared_checkpoints.values("pk"))
    return rows


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a run of the checkpoint."""

    submission: Submission
    metric: str
    value: str


@dataclass(frozen=True, slots=True)
class CheckpointPage:
    sentence: str
    is_unfinished: bool
    problems: tuple[ProblemGroup, ...]
    architecture: ModelSpec | None
    others: tuple[str, ...]
    results: tuple[Result, ...]
    shared_with: str
    can_edit: bool
    can_delete: bool
    can_retry: bool


def checkpoint_page(checkpoint: Checkpoint, user: User | AnonymousUser) -> CheckpointPage:
    """Everything about a checkpoint that this person may see."""
    is_owner = user.is_authenticated and (user.is_staff or user.pk == checkpoint.owner_id)
    # Those with the same model have the same architecture: the first stands for them.
    architecture = models().get(next(iter(checkpoint.configurations), ""))
    names = sorted(person.get_username() for person in checkpoint.shared_with.all()) if is_owner else []
    return CheckpointPage(
        sentence=checkpoint_sentence(checkpoint),
        is_unfinished=checkpoint.status in (Status.RECEIVED, Status.CHECKING),
        problems=tuple(problem_groups(checkpoint.problems, CHECKPOINT_PROBLEMS)),
        architecture=architecture,
        others=tuple(checkpoint.configurations[1:]),
        results=_results(checkpoint, user),
        shared_with=", ".join(names),
        can_edit=is_owner,
        can_delete=is_owner and not checkpoint.runs.exists(),
        can_retry=user.is_staff and checkpoint.status == Status.FAILED,
    )


def _results(checkpoint: Checkpoint, user: User | AnonymousUser) -> tuple[Result, ...]:
    rows = submissions_visible_to(user).filter(run__checkpoint=checkpoint).prefetch_related("scores")
    return tuple(_result(row, user) for row in rows)


def _result(submission: Submission, user: User | AnonymousUser) -> Result:
    key = primary_metric(submission.split.benchmark)
    shown = numbers_are_visible(user=user, submission=submission)
    values = {score.metric: score.value for score in submission.scores.all()} if shown else {}
    return Result(submission, metric(key).label, percent(values.get(key)))
