"""Leaderboards for tests: rows straight into the database, as a finished evaluation leaves them."""

import itertools
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluator import __version__
from tests.support.factories import make_blob, make_split
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.leaderboards.ranks import boards_rank
from webapp.methods.models import Method, Variant
from webapp.submissions.models import Score, Submission
from webapp.submissions.signals import numbers_changed

_numbers = itertools.count(1)


def make_board(slug: str = "", **fields: Any) -> Split:
    """An open split of an OVIS-like benchmark."""
    return make_split(slug, benchmark={"name": "Shapes", **fields.pop("benchmark", {})}, **fields)


@transaction.atomic  # the database refuses a commit of "scored" without scores
def make_row(
    split: Split,
    name: str,
    ap: float | None = None,
    *,
    variant: Variant | None = None,
    author: User | None = None,
    factors: dict[str, str] | None = None,
    source: dict[str, Any] | None = None,
    metrics: dict[str, float | None] | None = None,
    year: int | None = None,
    **fields: Any,
) -> Submission:
    """A scored submission, ranked; with a `source` a reported one."""
    if variant is None:
        method, _ = Method.objects.get_or_create(
            owner=author, name=name, defaults={"slug": f"method-{next(_numbers)}", "year": year}
        )
        label = " ".join((factors or {}).values()) or "default"
        variant, _ = Variant.objects.get_or_create(
            method=method, name=label, defaults={"factors": factors or {}}
        )
    is_reported = source is not None
    if not is_reported:
        fields = {"evaluator": __version__, "ground_truth": split.ground_truth, **fields}
    submission = Submission.objects.create(
        variant=variant,
        split=split,
        author=author,
        origin="reported" if is_reported else "upload",
        blob=None if is_reported else make_blob(),
        source=source or {},
        status="scored",
        finished_at=timezone.now(),
        **fields,
    )
    values = {"AP": ap, **(metrics or {})}
    Score.objects.bulk_create(
        Score(submission=submission, metric=key, value=value) for key, value in values.items()
    )
    board_again(submission)
    return submission


def board_again(*submissions: Submission) -> None:
    """Do what follows a change of submissions: what belongs to it, and then the housekeeper's part."""
    numbers_changed.send(Submission, submissions=submissions)
    boards_rank()


OCCLUSION = {"AP_so": 0.6, "AP_mo": 0.4, "AP_ho": 0.2}
