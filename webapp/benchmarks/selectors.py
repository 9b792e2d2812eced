"""Reads of benchmarks and splits."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split


def benchmarks_visible_to(user: User | AnonymousUser) -> QuerySet[Benchmark]:
    """Public benchmarks, and the private ones of which `user` is a member; staff see all."""
    if user.is_staff:
        return Benchmark.objects.all()
    mine = Q(members=user) if user.is_authenticated else Q(pk__isnull=True)
    return Benchmark.objects.filter(Q(is_public=True) | mine).distinct()


def benchmark_get(*, user: User | AnonymousUser, slug: str) -> Benchmark:
    """Raises Benchmark.DoesNotExist where there is none that `user` may see."""
    return benchmarks_visible_to(user).get(slug=slug)


def split_get(*, benchmark: Benchmark, name: str = "") -> Split:
    """Return the named split, the default one without a name. Raises Split.DoesNotExist."""
    splits = benchmark.splits.select_related("benchmark")
    if "\x00" in name:  # no text of PostgreSQL has one
        raise Split.DoesNotExist
    if name:
        return splits.get(name=name)
    split = splits.first()  # Split.Meta.ordering puts the default first
    if split is None:
        raise Split.DoesNotExist
    return split


def split_shown_outside(*, slug: str, name: str = "") -> Split:
    """Return a split that any visitor may know of, whoever asks: public, and not closed.

    It may be in a blind phase: ask `split.shows_scores()` for its numbers. Raises Split.DoesNotExist.
    """
    if "\x00" in name:  # no text of PostgreSQL has one
        raise Split.DoesNotExist
    found = Split.objects.filter(benchmark__slug=slug, **({"name": name} if name else {}))
    split = found.select_related("benchmark").defer("videos").first()  # the default one comes first
    if split is None or not split.is_known_to_all:
        raise Split.DoesNotExist
    return split


def open_splits(user: User | AnonymousUser) -> list[Split]:
    """Every split that takes submissions of `user` now."""
    splits = Split.objects.filter(benchmark__in=benchmarks_visible_to(user), ground_truth__isnull=False)
    ordered = (
        splits.select_related("benchmark").defer("videos").order_by("benchmark__position", "benchmark__slug")
    )
    return [split for split in ordered if split.is_open()]


def splits_without_quota() -> list[Split]:
    """Splits whose ground truth is not public and to which people may submit without a limit."""
    private = Split.objects.filter(ground_truth__isnull=False, ground_truth_public=False)
    unlimited = private.filter(Q(quota_per_day=None) | Q(quota_total=None))
    return list(unlimited.select_related("benchmark").defer("videos").order_by("benchmark__slug", "name"))
