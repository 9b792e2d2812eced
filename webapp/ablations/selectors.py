"""Reads of ablations: which studies a person sees of a benchmark and of a method."""

from dataclasses import dataclass, replace
from math import inf

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from webapp.ablations.models import KeptStudies, StudyMark
from webapp.ablations.published import studies_of_benchmark, studies_of_method
from webapp.ablations.studies import Study, study_from_json
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.methods.models import Method
from webapp.submissions.methods import methods_visible_to, scored_visible_to


@dataclass(frozen=True, slots=True)
class ShownStudy:
    """A study with the benchmarks and methods of this server that a person may see.

    `split` is the one on which it was measured here; `mark` is what its owner or an organiser said of it.
    """

    study: Study
    benchmarks: tuple[Benchmark, ...]
    methods: tuple[Method, ...]
    split: Split | None = None
    mark: StudyMark | None = None

    @property
    def benchmark_names(self) -> dict[str, str]:
        return {one.slug: one.name for one in self.benchmarks}


def benchmark_studies(*, benchmark: Benchmark, user: User | AnonymousUser) -> list[ShownStudy]:
    """Return the published studies of a benchmark that `user` may see."""
    return _shown(studies_of_benchmark(benchmark.slug), user)


def method_studies(*, method: Method, user: User | AnonymousUser) -> list[ShownStudy]:
    """Return the published studies of a method, without those of benchmarks that `user` may not see."""
    return [] if method.owner_id is not None else _shown(studies_of_method(method.name), user)


def benchmark_measured(
    *, benchmark: Benchmark, user: User | AnonymousUser, split: Split | None = None
) -> list[ShownStudy]:
    """Return the studies that were measured here on a benchmark, or on one split of it."""
    kept = KeptStudies.objects.filter(split__benchmark=benchmark)
    return _measured(kept if split is None else kept.filter(split=split), user)


def method_measured(*, method: Method, user: User | AnonymousUser) -> list[ShownStudy]:
    return _measured(KeptStudies.objects.filter(method=method), user)


def _measured(kept: QuerySet[KeptStudies], user: User | AnonymousUser) -> list[ShownStudy]:
    """Return the kept studies all of whose submissions `user` may see still, with their numbers.

    Those that are hidden show to whom they belong alone. Those with a place come first.
    """
    rows = list(kept.select_related("split__benchmark", "method").defer("split__videos"))
    read = [(one, study_from_json(entry)) for one in rows for entry in one.studies]
    ids = {id for _, study in read for row in study.rows for id in row.submissions}
    visible = scored_visible_to(user).filter(pk__in=ids, is_public=True)
    shown = {str(pk) for pk in visible.values_list("pk", flat=True)}
    marks = {mark.key: mark for mark in StudyMark.objects.filter(method__in=[one.method for one in rows])}
    found = [
        ShownStudy(
            _titled(study, marks.get(study.key)),
            (one.split.benchmark,),
            (one.method,),
            one.split,
            marks.get(study.key),
        )
        for one, study in read
        if all(row.submissions <= shown for row in study.rows)
    ]
    return sorted((one for one in found if _is_shown(one, user)), key=_place)


def _titled(study: Study, mark: StudyMark | None) -> Study:
    return replace(study, title=mark.title) if mark and mark.title else study


def _is_shown(one: ShownStudy, user: User | AnonymousUser) -> bool:
    if one.mark is None or not one.mark.is_hidden:
        return True
    return user.is_authenticated and (user.is_staff or user.pk == one.methods[0].owner_id)


def _place(one: ShownStudy) -> float:
    return inf if one.mark is None or one.mark.place is None else one.mark.place


def _shown(studies: tuple[Study, ...], user: User | AnonymousUser) -> list[ShownStudy]:
    """Name the benchmarks and methods of studies, in two queries."""
    if not studies:
        return []
    slugs = {slug for study in studies for slug in study.benchmarks}
    names = {name for study in studies for name in study.methods}
    visible = benchmarks_visible_to(user).filter(slug__in=slugs).only("slug", "name", "position")
    known = methods_visible_to(user).filter(owner=None, name__in=names).prefetch_related(None)
    benchmarks = {one.slug: one for one in visible}
    methods = {one.name: one for one in known}
    return [
        ShownStudy(
            replace(study, benchmarks=tuple(slug for slug in study.benchmarks if slug in benchmarks)),
            tuple(benchmarks[slug] for slug in study.benchmarks if slug in benchmarks),
            tuple(methods[name] for name in study.methods if name in methods),
        )
        for study in studies
        if not study.benchmarks or benchmarks.keys() & set(study.benchmarks)
    ]
