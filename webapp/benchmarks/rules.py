"""The rules of a split in words, when it is open, what shows to whom, how often one submits."""

from datetime import datetime

from django.utils import timezone

from webapp.benchmarks.models import Split
from webapp.times import moment


def rules_in_words(split: Split) -> list[str]:
    """Return the rules of a split, one sentence per rule."""
    audience = "everybody" if split.benchmark.is_public else "members and organisers"
    details = "whoever sees the scores" if split.shows_details else "organisers alone"
    return [
        opening_in_words(split),
        f"Seen by: {audience}.",
        f"Ground truth: {'public' if split.ground_truth_public else 'not public'}.",
        f"Frames: {_frames(split)}.",
        f"Scores show to: {_scores(split)}.",
        f"Numbers per video and category show to: {details}.",
        f"Quota per person: {quota_in_words(split)}.",
    ]


def opening_in_words(split: Split, now: datetime | None = None) -> str:
    """Say whether a split takes submissions, and between which times."""
    now = now or timezone.now()
    if split.opens_at is None:
        return "Closed: it takes no submissions, and scores show to organisers alone."
    end = f", closes {moment(split.closes_at)}" if split.closes_at else ", without a closing time"
    if now < split.opens_at:
        return f"Opens {moment(split.opens_at)}{end}."
    if split.closes_at and split.closes_at < now:
        return f"Ended {moment(split.closes_at)} (--no-closes or a later --closes opens it again)."
    return f"Open since {moment(split.opens_at)}{end}."


def quota_in_words(split: Split) -> str:
    limits = {"per day": split.quota_per_day, "in all": split.quota_total}
    said = [f"{most} {span}" for span, most in limits.items() if most is not None]
    return f"{', '.join(said)} (accepted submissions)" if said else "no limit"


def _frames(split: Split) -> str:
    if not split.frames_dir:
        return "none on this server"
    return "public" if split.frames_public else "not public"


def _scores(split: Split) -> str:
    if not split.scores_visible:
        return "organisers alone (blind; --no-blind shows them)"
    return "whoever sees the board" if split.has_opened() else "organisers alone until it opens"
