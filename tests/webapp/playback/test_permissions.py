"""Who gets which bytes: every identity, every kind of split, whole files and ranges, right and guessed names.

Hidden ground truth, and what is derived from it, must reach nobody but staff.
"""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from tests.support.factories import claim, make_blob, make_report, make_split, make_submission, make_user
from tests.support.playback import OFFSETS, VIDEO, make_waiting_stores
from tests.support.rest import bearer
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.playback.models import MaskStore
from webapp.playback.permissions import (
    FOR_ALL,
    FOR_AUTHORS,
    FOR_MEMBERS,
    FOR_ORGANISERS,
    frames_are_visible,
)
from webapp.playback.services import look
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db

PEOPLE: Final = ("anybody", "another", "member", "author", "staff")
ALL = frozenset(PEOPLE)
MEMBERS = frozenset({"member", "author", "staff"})
AUTHOR = frozenset({"author", "staff"})
STAFF = frozenset({"staff"})
NOBODY: frozenset[str] = frozenset()

# What is said of the split and its benchmark, whether the submission is public, and who sees masks, ground
# truth and events.
CASES: Final[dict[str, tuple[dict[str, Any], bool, bool, frozenset[str], frozenset[str], frozenset[str]]]] = {
    "hidden truth": ({"details_visible": True}, True, True, ALL, STAFF, STAFF),
    "hidden truth, own": ({"details_visible": True}, True, False, AUTHOR, STAFF, STAFF),
    "public truth": ({"ground_truth_public": True}, True, True, ALL, ALL, ALL),
    "public truth, own": ({"ground_truth_public": True}, True, False, AUTHOR, ALL, AUTHOR),
    "blind": ({"scores_visible": False}, True, True, AUTHOR, STAFF, STAFF),
    "blind with public truth": (
        {"scores_visible": False, "ground_truth_public": True},
        *(True, True, AUTHOR, ALL, STAFF),
    ),
    "closed": ({"opens_at": None, "ground_truth_public": True}, True, True, AUTHOR, STAFF, STAFF),
    "private benchmark": ({"ground_truth_public": True}, False, True, MEMBERS, MEMBERS, MEMBERS),
    "private benchmark, own": ({"ground_truth_public": True}, False, False, AUTHOR, MEMBERS, AUTHOR),
    "private benchmark, hidden truth": ({"details_visible": True}, False, True, MEMBERS, STAFF, STAFF),
}


def read(answer: Any) -> Any:
    """The answer with all that was sent in `body`; read to its end, its file is closed."""
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


@dataclass(frozen=True)
class Scene:
    """A split with a scored submission, everything about which has been made to be looked at."""

    split: Split
    submission: Submission
    people: dict[str, User]

    @classmethod
    def made(cls, *, is_public: bool = True, **rules: Any) -> "Scene":
        people = {name: make_user(is_staff=name == "staff") for name in PEOPLE if name != "anybody"}
        split = make_split(videos=[VIDEO], video_count=1, details_visible=False)
        submission = make_submission(people["author"], split, is_public=is_public)
        assert evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report(AP=0.5)))
        submission.refresh_from_db()
        look(split, [submission], people["staff"])
        assert len(make_waiting_stores()) == 3
        Split.objects.filter(pk=split.pk).update(**rules)
        return cls(Split.objects.get(pk=split.pk), Submission.objects.get(pk=submission.pk), people)

    def make_private(self) -> None:
        Benchmark.objects.filter(pk=self.split.benchmark_id).update(is_public=False)
        self.split.benchmark.members.add(self.people["member"], self.people["author"])

    def digest(self, **fields: Any) -> str:
        return str(MaskStore.objects.get(split=self.split, **fields).digest)

    def addresses(self) -> dict[str, str]:
        """Where the bytes of each kind are, below the pages and the API."""
        sub, slug = self.submission.pk, self.split.benchmark.slug
        masks = self.digest(kind="masks", source=self.submission.blob)
        truth, events = self.digest(ground_truth=None), self.digest(kind="events")
        return {
            "masks": f"/benchmarks/{slug}/masks/{masks}?submission={sub}",
            "truth": f"/benchmarks/{slug}/masks/{truth}?truth=val",
            "events": f"/benchmarks/{slug}/events/{events}?submission={sub}",
        }

    def ask(self, person: str, address: str, **headers: str) -> Any:
        http = Client()
        if person != "anybody" and address.startswith("/api/"):
            headers |= bearer(self.people[person])
        elif person != "anybody":
            http.force_login(self.people[person])
        return read(http.get(address, headers=headers))


@pytest.mark.parametrize("case", CASES)
def test_bytes_reach_exactly_those_who_may_see_them(case: str) -> None:
    rules, is_public_benchmark, is_public, *allowed = CASES[case]
    scene = Scene.made(is_public=is_public, **rules)
    if not is_public_benchmark:
        scene.make_private()
    expected = dict(zip(("masks", "truth", "events"), allowed, strict=True))
    digests = {kind: address.split("?")[0].rpartition("/")[2] for kind, address in scene.addresses().items()}
    for kind, address in scene.addresses().items():
        for person in PEOPLE:
            for door in ("", "/api/v1"):
                whole = scene.ask(person, door + address)
                part = scene.ask(person, door + address, Range="bytes=20-49")
                statuses = (whole.status_code, part.status_code)
                assert statuses == ((200, 206) if person in expected[kind] else (404, 404)), (
                    kind,
                    person,
                    door,
                )
                if person in expected[kind]:
                    assert part.body == whole.body[20:50]
    look_at = f"/api/v1/benchmarks/{scene.split.benchmark.slug}/videos/1"
    for person in PEOPLE:
        answer = scene.ask(person, f"{look_at}?submissions={scene.submission.pk}")
        assert answer.status_code == (200 if person in expected["masks"] else 404), person
        without = scene.ask(person, look_at)
        told = answer.content.decode() + without.content.decode()
        for kind in expected:
            may = person in expected[kind] & expected["masks"] or (kind, person) in {
                ("truth", one) for one in expected["truth"]
            }
            assert (digests[kind] in told) == may, (kind, person)


def test_a_member_who_left_sees_nothing_not_even_the_own_submission() -> None:
    scene = Scene.made(ground_truth_public=True)
    scene.make_private()
    scene.split.benchmark.members.clear()
    for address in scene.addresses().values():
        assert scene.ask("author", address).status_code == 404


def test_a_name_that_belongs_to_something_else_is_not_found() -> None:
    scene, other = Scene.made(details_visible=True), Scene.made(ground_truth_public=True)
    slug, sub = scene.split.benchmark.slug, scene.submission.pk
    hidden, events = scene.digest(ground_truth=None), scene.digest(kind="events")
    other_slug, other_sub = other.split.benchmark.slug, other.submission.pk
    guesses = [
        f"/benchmarks/{slug}/masks/{hidden}?submission={sub}",
        f"/benchmarks/{slug}/masks/{events}?submission={sub}",
        f"/benchmarks/{slug}/masks/{hidden}",
        f"/benchmarks/{other_slug}/masks/{hidden}?truth=val",
        f"/benchmarks/{other_slug}/masks/{hidden}?submission={other_sub}",
        f"/benchmarks/{other_slug}/events/{events}?submission={other_sub}",
        f"/benchmarks/{other_slug}/masks/{hidden}?submission={sub}&truth=val",
        f"/benchmarks/{slug}/masks/{'0' * 64}?submission={sub}",
        f"/benchmarks/{slug}/masks/{'%00' * 64}?submission={sub}",
        f"/benchmarks/{slug}/masks/..%2F{hidden}?submission={sub}",
        f"/benchmarks/{slug}/masks/{hidden}?truth=%00",
        f"/benchmarks/{slug}/masks/{hidden}?submission=%00",
        f"/benchmarks/{slug}/masks/{hidden}?submission=",
        f"/benchmarks/{slug}/events/{hidden}",
    ]
    for person in ("anybody", "another", "author"):
        for guess in guesses:
            for door in ("", "/api/v1"):
                answer = scene.ask(person, door + guess, Range="bytes=0-7")
                assert answer.status_code in (404, 422), guess
                assert not answer.streaming


def test_a_former_ground_truth_is_hidden_though_the_new_one_is_public() -> None:
    scene = Scene.made(ground_truth_public=True)
    addresses = scene.addresses()
    Split.objects.filter(pk=scene.split.pk).update(ground_truth=make_blob())
    assert {one: scene.ask("author", addresses[one]).status_code for one in addresses} == {
        "masks": 200,
        "truth": 404,
        "events": 404,
    }
    assert scene.ask("staff", addresses["events"]).status_code == 200


def test_hiding_and_withdrawing_from_view_work_at_once() -> None:
    scene = Scene.made(ground_truth_public=True)
    addresses = scene.addresses()
    assert scene.ask("another", addresses["masks"]).status_code == 200
    Submission.objects.filter(pk=scene.submission.pk).update(is_public=False, is_hidden=True)
    for kind in ("masks", "events"):
        assert scene.ask("another", addresses[kind]).status_code == 404


@pytest.mark.parametrize(
    ("rules", "is_public", "person", "kind", "kept"),
    [
        ({"ground_truth_public": True}, True, "anybody", "masks", FOR_ALL),
        ({"ground_truth_public": True}, True, "author", "truth", FOR_ALL),
        ({"ground_truth_public": True}, True, "another", "events", FOR_ALL),
        ({"ground_truth_public": True}, False, "author", "masks", FOR_AUTHORS),
        ({"ground_truth_public": True}, False, "author", "events", FOR_MEMBERS),
        ({"scores_visible": False}, True, "author", "masks", FOR_AUTHORS),
        ({"details_visible": True}, True, "staff", "truth", FOR_ORGANISERS),
        ({"details_visible": True}, True, "staff", "events", FOR_ORGANISERS),
    ],
)
def test_caches_keep_what_they_may(
    rules: dict[str, Any], is_public: bool, person: str, kind: str, kept: str
) -> None:
    scene = Scene.made(is_public=is_public, **rules)
    for door in ("", "/api/v1"):
        assert scene.ask(person, door + scene.addresses()[kind])["Cache-Control"] == kept


@pytest.mark.parametrize("person", ["member", "author", "staff"])
def test_nothing_of_a_private_benchmark_is_for_the_caches_of_all(person: str) -> None:
    scene = Scene.made(ground_truth_public=True)
    scene.make_private()
    for address in scene.addresses().values():
        assert scene.ask(person, address)["Cache-Control"].startswith("private, ")
    if person == "member":  # of others: hiding must work
        assert scene.ask(person, scene.addresses()["masks"])["Cache-Control"] == FOR_MEMBERS


@pytest.mark.parametrize(
    ("asked", "status", "found", "said"),
    [
        ("bytes=8-19", 206, slice(8, 20), "bytes 8-19/90"),
        ("bytes=80-", 206, slice(80, None), "bytes 80-89/90"),
        ("bytes=-10", 206, slice(80, None), "bytes 80-89/90"),
        ("bytes=0-0", 206, slice(0, 1), "bytes 0-0/90"),
        ("bytes=10-99999", 206, slice(10, None), "bytes 10-89/90"),
        ("bytes=90-", 416, slice(0, 0), "bytes */90"),
        ("bytes=0-1,5-6", 200, slice(None), None),
        ("lines=1-2", 200, slice(None), None),
        ("bytes=٣-٤", 200, slice(None), None),
    ],
)
def test_ranges_are_those_that_were_asked_for(
    asked: str, status: int, found: slice, said: str | None, var: Any
) -> None:
    scene = Scene.made(ground_truth_public=True)
    address = scene.addresses()["masks"]
    contents = (var / "playback" / scene.digest(kind="masks", source=scene.submission.blob)).read_bytes()
    for door in ("", "/api/v1"):
        answer = scene.ask("anybody", door + address, Range=asked, **{"Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.headers.get("Content-Range")) == (status, said)
        if status != 416:
            assert answer.body == contents[found]
            assert answer["Content-Length"] == str(len(contents[found]))
            assert (answer["Accept-Ranges"], answer["Content-Type"]) == ("bytes", "application/octet-stream")
            assert "Content-Encoding" not in answer


def test_who_has_it_already_is_told_so_and_who_has_another_gets_the_whole() -> None:
    scene = Scene.made(ground_truth_public=True)
    address = scene.addresses()["masks"]
    etag = scene.ask("anybody", address)["ETag"]
    again = scene.ask("anybody", address, **{"If-None-Match": f'"x", {etag}'})
    assert (again.status_code, again.body, again["Cache-Control"]) == (304, b"", FOR_ALL)
    same, other = (
        scene.ask("anybody", address, Range="bytes=0-9", **{"If-Range": one}) for one in (etag, '"x"')
    )
    assert (same.status_code, other.status_code) == (206, 200)
    head = read(Client().head(address))
    assert (head.status_code, head["Content-Length"]) == (200, "90")


def test_offsets_lead_through_the_file() -> None:
    scene = Scene.made(ground_truth_public=True)
    answer = scene.ask(
        "anybody",
        f"/api/v1/benchmarks/{scene.split.benchmark.slug}/videos/1?submissions={scene.submission.pk}",
    ).json()
    truth, mine = answer["layers"]
    assert ((truth["key"], truth["state"]), (mine["key"], mine["state"])) == (
        ("truth", "ready"),
        ("a", "ready"),
    )
    assert mine["offsets"] == mine["events_offsets"] == list(OFFSETS)
    first, last = mine["offsets"][1], mine["offsets"][2] - 1
    part = scene.ask("anybody", mine["url"], Range=f"bytes={first}-{last}")
    assert (part.status_code, len(part.body)) == (206, 30)
    assert scene.ask("anybody", mine["events_url"]).status_code == 200


def test_frames_show_where_organisers_say_so() -> None:
    scene = Scene.made()
    people: dict[str, User | AnonymousUser] = {"anybody": AnonymousUser(), **scene.people}

    def see(**rules: Any) -> set[str]:
        Split.objects.filter(pk=scene.split.pk).update(**rules)
        split = Split.objects.get(pk=scene.split.pk)
        return {name for name, user in people.items() if frames_are_visible(user, split)}

    assert see() == STAFF
    assert see(frames_public=True) == ALL
    assert see(frames_public=True, opens_at=None) == STAFF
    scene.make_private()
    assert see(frames_public=True, opens_at="2020-01-01T00:00Z") == MEMBERS


def test_a_range_costs_few_queries_and_reads_nothing_large(django_assert_max_num_queries: Any) -> None:
    scene = Scene.made(ground_truth_public=True)
    addresses = scene.addresses()
    http = Client()
    http.force_login(scene.people["another"])
    for address in addresses.values():
        with django_assert_max_num_queries(5) as found:
            assert read(http.get(address, headers={"Range": "bytes=0-9"})).status_code == 206
        for query in found.captured_queries:
            assert not {'"index"', '"videos"'} & set(query["sql"].replace(",", " ").replace(".", " ").split())
