"""Reads of methods and variants: a name is as public as the numbers that stand under it.

Whose numbers are all hidden (private submissions, private benchmarks, blind phases) is hidden with them,
from everybody but its owner and staff: an unpublished name shows what somebody is working on.
"""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q, QuerySet

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.methods.models import Method, Variant
from webapp.submissions.models import Submission


def scored_visible_to(user: User | AnonymousUser) -> QuerySet[Submission]:
    """Scored submissions whose numbers `user` may see: public ones and the own, where scores show."""
    mine = Q(author=user) if user.is_authenticated else Q(pk__isnull=True)
    rows = Submission.objects.filter(
        Q(is_public=True) | mine,
        status=Submission.Status.SCORED,
        split__benchmark__in=benchmarks_visible_to(user).values("pk"),
    )
    if user.is_staff:
        return rows
    return rows.filter(Split.showing_scores("split__") | Q(origin=Submission.Origin.REPORTED))


def variants_visible_to(user: User | AnonymousUser) -> QuerySet[Variant]:
    variants = Variant.objects.select_related("method")
    if user.is_staff:
        return variants
    mine = Q(method__owner=user) if user.is_authenticated else Q(pk__isnull=True)
    return variants.filter(mine | Q(pk__in=scored_visible_to(user).values("variant")))


def methods_visible_to(user: User | AnonymousUser) -> QuerySet[Method]:
    """Methods, each with those of its variants that `user` may see."""
    variants = Prefetch("variants", queryset=variants_visible_to(user))
    methods = Method.objects.select_related("owner").prefetch_related(variants)
    if user.is_staff:
        return methods
    mine = Q(owner=user) if user.is_authenticated else Q(pk__isnull=True)
    return methods.filter(mine | Q(pk__in=scored_visible_to(user).values("variant__method")))


def methods_of(user: User) -> QuerySet[Method]:
    return methods_visible_to(user).filter(owner=user)
