"""A crawl over all addresses as anybody, another person, the author and an organiser: who sees which numbers.

Each split has numbers of its own that occur nowhere else, so that an answer that holds one is found whatever
address gave it, and in whichever form: pages, charts, exports, results, receipts, comparisons.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from evaluator.statistics.comparison import pack_samples
from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.support.findings import analyse_as, make_findings
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db

# How a split is, and what of its numbers shows to whom.
PHASES: dict[str, dict[str, Any]] = {
    "closed": {"opens_at": None, "details_visible": True},
    "blind": {"scores_visible": False, "details_visible": True},
    "private": {"details_visible": False},
    "detailed": {"details_visible": True},
    "public": {"details_visible": False, "ground_truth_public": True},
}
SCORES_SHOW = ("private", "detailed", "public")
DETAILS_SHOW = ("detailed", "public")
OF_SCORES = ("score", "tracking")
OF_DETAILS = ("video", "category", "tracked category")
LINK = re.compile(r"""(?:href|hx-get|src|action)="([^"#]+)""")
NUMBER = re.compile(r"(?<![\d.])\d+\.\d+")
# Files, forms of others, and the description of the API, which is the same for everybody and slow to draw.
ELSEWHERE = ("/static/", "/admin/", "/accounts/", "/api/v1/docs", "/api/v1/openapi.json")
CRAWLED = 250  # addresses per person at most
SPELLINGS = 3  # of one path: boards have thousands


def value(kind: int, phase: int) -> float:
    """A number that is found by all of its digits, and in percent by its first three."""
    return round((10 * kind + phase) / 100 + 0.00719 + kind / 1e5, 7)


def numbers_of(phase: int) -> dict[str, float]:
    kinds = {"score": 3, "tracking": 4, "video": 6, "tracked category": 7, "category": 8}
    return {name: value(kind, phase) for name, kind in kinds.items()}


# By how they may be printed: as a fraction, maybe with more digits, or in percent.
FORMS = {
    form: (phase, kind)
    for number, phase in enumerate(PHASES)
    for kind, fraction in numbers_of(number).items()
    for form in (str(fraction), f"{100 * fraction:.1f}")
}
LONGEST = max(map(len, FORMS))


def found_in(text: str) -> dict[tuple[str, str], str]:
    """Return which numbers of which splits a text holds, with what stands around each."""
    found: dict[tuple[str, str], str] = {}
    for match in NUMBER.finditer(text):
        if one := FORMS.get(match[0][:LONGEST]):
            found.setdefault(one, text[max(0, match.start() - 60) : match.end() + 60])
    return found


def make_phase(number: int, phase: str, author: User, rival: User) -> list[Submission]:
    """A split with a submission of each person, the author's with the numbers to look for."""
    video = {"id": 1, "name": "clip", "length": 2, "height": 4, "width": 4}
    split = make_split(phase, benchmark={"name": phase.capitalize()}, videos=[video], video_count=1)
    rows = []
    for person in (author, rival):
        rows.append(make_submission(person, split))
        numbers = numbers_of(number)
        if person is not author:
            numbers = dict.fromkeys(numbers, 0.1)
        report = make_report(AP=numbers["score"], AP50=0.2)
        report["per_video"] = {"1": {"AP": numbers["video"]}}
        report["per_category"] = {"fish": {"AP": numbers["category"]}}
        samples = {"AP": pack_samples([0.1, 0.2])}
        assert evaluation_finish_scored(token=claim().token, outcome=Outcome(report, samples=samples))
        findings = make_findings({"switch": 0.1})
        findings["tracking"]["det_averaged"]["HOTA"] = numbers["tracking"]
        findings["tracking"]["per_category"] = {"fish": {"HOTA": numbers["tracked category"]}}
        analyse_as(findings)
    Split.objects.filter(pk=split.pk).update(**PHASES[phase])
    return rows


def first_addresses(rows: dict[str, list[Submission]]) -> Iterator[str]:
    """Every address of the API that only reads, for each submission and split; pages are found by links."""
    yield from ("/", "/errata/", "/status/", "/methods/", "/submissions/", "/api/v1/submissions")
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    for phase, pair in rows.items():
        looked_for = pair[0]
        ids = ",".join(str(row.pk) for row in pair)
        other_way = ",".join(str(row.pk) for row in reversed(pair))
        for order in (ids, other_way):
            yield f"/compare/?submissions={order}"
            for form in ("json", "csv"):
                yield f"/api/v1/compare?submissions={order}&format={form}"
        for form in ("json", "csv", "latex", "markdown"):
            yield f"/api/v1/benchmarks/{phase}/leaderboard?format={form}"
        for path, operations in paths.items():
            if "get" not in operations:
                continue
            own = re.sub(r"\{(?:uuid:)?id\}", str(looked_for.pk), path)
            slug = phase if "benchmarks" in path else looked_for.variant.method.slug
            yield re.sub(r"\{[^}]*\}", str(looked_for.pk), re.sub(r"\{[^}]*slug\}", slug, own))
        yield from (f"/submissions/{row.pk}/" for row in pair)
        yield from (f"/benchmarks/{phase}/", f"/benchmarks/{phase}/chart/")


def crawl(http: Client, rows: dict[str, list[Submission]]) -> dict[tuple[str, str], str]:
    """Every number that a person comes across, with an address where it stood."""
    waiting, seen, spellings = list(dict.fromkeys(first_addresses(rows))), set(), dict[str, int]()
    found: dict[tuple[str, str], str] = {}
    while waiting and len(seen) < CRAWLED:
        address = waiting.pop(0)
        path = urlsplit(address).path
        spellings[path] = spellings.get(path, 0) + 1
        is_ours = address.startswith("/") and not path.startswith(ELSEWHERE)
        if address in seen or not is_ours or (spellings[path] > SPELLINGS and "compare" not in path):
            continue
        seen.add(address)
        answer = http.get(address)
        assert answer.status_code < 500, address
        if answer.streaming:
            continue
        text = answer.content.decode(errors="replace")
        for one, around in found_in(text).items():
            found.setdefault(one, f"{address}: {around}")
        waiting += [unescape(link) for link in LINK.findall(text)]
    assert len(seen) > 60
    return found


def test_scores_and_details_show_to_exactly_those_who_may_see_them() -> None:
    author, rival = make_user("alice"), make_user("bob")
    rows = {phase: make_phase(number, phase, author, rival) for number, phase in enumerate(PHASES)}
    everything = {(phase, kind) for phase in PHASES for kind in (*OF_SCORES, *OF_DETAILS)}
    scores = {(phase, kind) for phase in SCORES_SHOW for kind in OF_SCORES}
    details = {(phase, kind) for phase in DETAILS_SHOW for kind in OF_DETAILS}
    people = {"anybody": None, "another": make_user("carol"), "author": author, "rival": rival}
    for name, person in people.items():
        http = Client()
        if person is not None:
            http.force_login(person)
        found = crawl(http, rows)
        too_much = {one: address for one, address in found.items() if one not in scores | details}
        assert too_much == {}, name
        assert found.keys() == scores | details, name
    organiser = Client()
    organiser.force_login(make_user("olga", is_staff=True))
    assert crawl(organiser, rows).keys() == everything


def test_receipt_digest_and_own_metrics_of_a_split_stay_exact_without_its_details() -> None:
    author = make_user()
    row, _ = make_phase(2, "private", author, make_user())
    http = Client()
    http.force_login(author)
    row.refresh_from_db()
    result = http.get(f"/api/v1/submissions/{row.pk}/result").json()
    assert (result["per_video"], result["per_category"], result["details_hidden"]) == ({}, {}, True)
    assert result["metrics"] == {"AP": numbers_of(2)["score"], "AP50": 0.2}
    receipt = http.get(f"/api/v1/submissions/{row.pk}/receipt").json()["receipt"]
    assert (receipt["metrics"]["AP"], receipt["digest"]) == (numbers_of(2)["score"], row.digest)
    assert result["digest"] == row.digest
    page = http.get(row.get_absolute_url()).content.decode()
    assert "show to its organisers alone" in page
