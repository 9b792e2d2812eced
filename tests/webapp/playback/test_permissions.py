"""Who gets which bytes: every identity, every kind of split, whole files and ranges, right and guessed names.

Hidden ground truth, and what is derived from it, must reach nobody but staff.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from tests.support.factories import claim, make_blob, make_report, make_split, make_submission, make_user
from tests.support.playback import OFFSETS, VIDEO, make_waiting_stores
from tests.support.rest import bearer
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, FrameNames, Split
from webapp.playback.models import MaskStore
from webapp.playback.permissions import (
    FOR_ALL,
    FOR_AUTHORS,
    FOR_MEMBERS,
    FOR_ORGANISERS,
)
from webapp.playback.services import look
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db

# "another" is a member of another private benchmark.
PEOPLE: Final = ("anybody", "another", "member", "author", "staff")
ALL = frozenset(PEOPLE)
MEMBERS = frozenset({"member", "author", "staff"})
AUTHOR = frozenset({"author", "staff"})
STAFF = frozenset({"staff"})
NOBODY: frozenset[str] = frozenset()

HIDDEN: Final = {"details_visible": True}
OPEN: Final = {"ground_truth_public": True, "frames_public": True}
BLIND: Final = {"scores_visible": False}
CLOSED: Final = {"opens_at": None}
# What is said of the split, whether the benchmark and the submission are public, and who sees masks, ground
# truth, events and frames.
CASES: Final[dict[str, tuple[dict[str, Any], bool, bool, tuple[frozenset[str], ...]]]] = {
    "hidden truth": (HIDDEN, True, True, (ALL, STAFF, STAFF, STAFF)),
    "hidden truth, own": (HIDDEN, True, False, (AUTHOR, STAFF, STAFF, STAFF)),
    "public truth": (OPEN, True, True, (ALL, ALL, ALL, ALL)),
    "public truth, own": (OPEN, True, False, (AUTHOR, ALL, AUTHOR, ALL)),
    "public truth, private frames": (OPEN | {"frames_public": False}, True, True, (ALL, ALL, ALL, STAFF)),
    "blind": (BLIND | {"frames_public": True}, True, True, (AUTHOR, STAFF, STAFF, ALL)),
    "blind with public truth": (OPEN | BLIND, True, True, (AUTHOR, ALL, STAFF, ALL)),
    "closed": (OPEN | CLOSED, True, True, (AUTHOR, STAFF, STAFF, STAFF)),
    "private benchmark": (OPEN, False, True, (MEMBERS, MEMBERS, MEMBERS, MEMBERS)),
    "private benchmark, own": (OPEN, False, False, (AUTHOR, MEMBERS, AUTHOR, MEMBERS)),
    "private benchmark, hidden truth": (HIDDEN, False, True, (MEMBERS, STAFF, STAFF, STAFF)),
}
KINDS: Final = ("masks", "truth", "events", "frame")


def read(answer: Any) -> Any:
    """The answer with all that was sent in `body`; read to its end, its file is closed."""
    answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


@dataclass
class Scene:
    """A split with a scored submission, everything about which has been made to be looked at."""

    split: Split
    submission: Submission
    people: dict[str, User]

    @classmethod
    def made(cls, *, is_public: bool = True, **rules: Any) -> "Scene":
        people = {name: make_user(is_staff=name == "staff") for name in PEOPLE if name != "anybody"}
        folder = Path(settings.VAR, "frames of the benchmark")
        (folder / "clip").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4)).save(folder / "clip" / "0.png")
        rows = {"videos": [VIDEO], "video_count": 1, "frames_dir": str(folder)}
        split = make_split(details_visible=False, **rows)
        FrameNames.objects.create(split=split, names={"1": ["clip/0.png"]})
        make_split(benchmark={"is_public": False}).benchmark.members.add(people["another"])
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
            "frame": f"/benchmarks/{slug}/videos/1/frames/full/0.jpg",
        }

    def ask(self, person: str, address: str, method: str = "GET", **headers: str) -> Any:
        http = self.clients[person, "token" if address.startswith("/api/") else "session"]
        return read(http.generic(method, address, headers=headers))

    @cached_property
    def clients(self) -> dict[tuple[str, str], Client]:
        """Everybody with a token, and with a session of the browser."""
        found = {("anybody", means): Client() for means in ("token", "session")}
        for name, user in self.people.items():
            found[name, "token"] = Client(headers=bearer(user))
            found[name, "session"] = Client()
            found[name, "session"].force_login(user)
        return found


@pytest.mark.parametrize("case", CASES)
def test_bytes_reach_exactly_those_who_may_see_them(case: str) -> None:
    rules, is_public_benchmark, is_public, allowed = CASES[case]
    scene = Scene.made(is_public=is_public, **rules)
    if not is_public_benchmark:
        scene.make_private()
    expected = dict(zip(KINDS, allowed, strict=True))
    digests = {kind: address.split("?")[0].rpartition("/")[2] for kind, address in scene.addresses().items()}
    del digests["frame"]
    for (kind, address), person in product(scene.addresses().items(), PEOPLE):
        may, is_cut = person in expected[kind], kind != "frame"
        whole, head = (scene.ask(person, address, method) for method in ("GET", "HEAD"))
        parts = [scene.ask(person, door + address, Range="bytes=20-49") for door in ("", "/api/v1")]
        part_status = 206 if is_cut else 200
        found = [one.status_code for one in (whole, head, *parts)]
        assert found == ([200, 200, part_status, part_status] if may else [404] * 4), (kind, person)
        kept = {one.headers.get("Cache-Control", "") for one in (whole, head, *parts)}
        if not may:
            assert kept <= {"", "no-store", "private, no-store"}, (kind, person)
            continue
        assert {part.body for part in parts} == {whole.body[20:50] if is_cut else whole.body}
        assert head.body == b""
        is_own = kind == "masks" and person in AUTHOR
        for_few = FOR_AUTHORS if is_own else FOR_ORGANISERS if person == "staff" else FOR_MEMBERS
        assert kept == {FOR_ALL if "anybody" in expected[kind] else for_few}, (kind, person)
    look_at, query = (
        f"/benchmarks/{scene.split.benchmark.slug}/videos/1",
        f"submissions={scene.submission.pk}",
    )
    for person in PEOPLE:
        window = scene.ask(person, f"{look_at}/frames/full/0-0.bin")
        frame = scene.ask(person, f"{look_at}/frames/full/0.jpg")
        assert window.status_code == frame.status_code == (200 if person in expected["frame"] else 404)
        if window.status_code == 200:
            assert window.body == len(frame.body).to_bytes(4, "little") + frame.body
            assert window.headers["Cache-Control"] == frame.headers["Cache-Control"]
        page = scene.ask(person, f"{look_at}/?{query}")
        answer = scene.ask(person, f"/api/v1{look_at}?{query}")
        without = scene.ask(person, f"/api/v1{look_at}")
        status = 200 if person in expected["masks"] else 404
        assert (page.status_code, answer.status_code) == (status, status), person
        assert "no-store" in page.headers.get("Cache-Control", "no-store")
        if case == "closed":  # not even that there is a video
            bare = [scene.ask(person, at).status_code for at in (f"{look_at}/", f"/api/v1{look_at}")]
            assert bare == ([200, 200] if person == "staff" else [404, 404]), person
        told = answer.body.decode() + without.body.decode()
        if without.status_code == 200:
            assert ("/frames/{size}" in told) == (person in expected["frame"])
        for kind in digests:
            may = person in expected[kind] & expected["masks"] or (kind, person) in {
                ("truth", one) for one in expected["truth"]
            }
            assert (digests[kind] in told) == may, (kind, person)
            assert may or digests[kind] not in page.body.decode(), (kind, person)


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


def test_what_follows_from_a_former_ground_truth_is_hidden_though_the_new_one_is_public() -> None:
    scene = Scene.made(ground_truth_public=True)
    addresses = scene.addresses()
    Split.objects.filter(pk=scene.split.pk).update(ground_truth=make_blob())
    assert {one: scene.ask("author", addresses[one]).status_code for one in addresses} == {
        "masks": 200,
        "truth": 404,
        "events": 404,
        "frame": 404,
    }
    assert scene.ask("staff", addresses["events"]).status_code == 404


def test_hiding_and_withdrawing_from_view_work_at_once() -> None:
    scene = Scene.made(ground_truth_public=True)
    addresses = scene.addresses()
    assert scene.ask("another", addresses["masks"]).status_code == 200
    Submission.objects.filter(pk=scene.submission.pk).update(is_public=False, is_hidden=True)
    for kind in ("masks", "events"):
        assert scene.ask("another", addresses[kind]).status_code == 404


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


def test_a_range_costs_few_queries_and_reads_nothing_large(django_assert_max_num_queries: Any) -> None:
    scene = Scene.made(ground_truth_public=True)
    addresses = scene.addresses()
    http = Client()
    http.force_login(scene.people["another"])
    for kind in ("masks", "truth", "events"):
        address = addresses[kind]
        with django_assert_max_num_queries(5) as found:
            assert read(http.get(address, headers={"Range": "bytes=0-9"})).status_code == 206
        for query in found.captured_queries:
            assert not {'"index"', '"videos"'} & set(query["sql"].replace(",", " ").replace(".", " ").split())
