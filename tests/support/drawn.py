"""Scored submissions with draws of the videos, stored as a worker stores them."""

import random
from typing import Any

from django.db import transaction

from evaluator.statistics.comparison import pack_samples
from tests.support.factories import claim, make_report, make_submission, make_user, make_variant
from webapp.accounts.models import User
from webapp.benchmarks.models import Split, VideoSubset
from webapp.leaderboards.ranks import boards_rank
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

DRAWS = 200


def make_drawn(
    split: Split,
    name: str,
    ap: float,
    *,
    scatter: float = 0.001,
    draws: int = DRAWS,
    author: User | None = None,
    is_public: bool = True,
    subset: VideoSubset | None = None,
    **report: Any,
) -> Submission:
    """A submission whose AP moves with the draws as that of all others, and by `scatter` on its own.

    With the default, a hundredth is a sure difference although the intervals overlap; with 0.1 it is not.
    On a `subset` the AP and its draws are the same, on all videos a constant without draws.
    """
    common, own = random.Random(0), random.Random(name)
    samples = [ap + common.gauss(0, 0.03) + own.gauss(0, scatter) for _ in range(draws)]
    author = author or make_user()
    variant = make_variant(author, name)
    stored = {**make_report(AP=ap), "intervals": {"AP": [ap - 0.06, ap + 0.06]}, **report}
    packed = {"AP": pack_samples(samples)} if draws else {}
    with transaction.atomic():  # where workers are up, too, they see no job that they could take
        submission = make_submission(author, split, variant=variant, is_public=is_public)
        token = claim().token
        if subset is None:
            assert evaluation_finish_scored(token=token, outcome=Outcome(stored, samples=packed))
        else:
            part = {name: stored[name] for name in ("metrics", "intervals")}
            report = {**make_report(AP=0.5), "subsets": {subset.name: {"videos": subset.video_count, **part}}}
            assert evaluation_finish_scored(
                token=token, outcome=Outcome(report, subsets=[subset], subset_samples={subset.name: packed})
            )
    boards_rank()
    submission.refresh_from_db()
    return submission
