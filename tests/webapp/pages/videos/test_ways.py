"""Links to the player and posters on other pages: who finds which, at which cost, and until when they ask."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.factories import claim, make_report, make_split, make_submission, make_user
from tests.support.playback import VIDEO, make_waiting_stores
from tests.webapp.playback.test_permissions import CASES, PEOPLE
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.leaderboards.ranks import boards_rank
from webapp.pages.videos import page
from webapp.playback.selectors import Layer
from webapp.playback.services import look
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def var(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


def make_videos(count: int) -> list[dict[str, Any]]:
    return [{**VIDEO, "id": n, "name": f"clip-{n}"} for n in range(1, count + 1)]


def make_scored(author: User, split: Split, ap: float, *, is_public: bool = True) -> Submission:
    """A submission that is good where the others are bad."""
    submission = make_submission(author, split, is_public=is_public)
    videos = [video["id"] for video in split.videos]
    per_video = {str(id): {"AP": ap if id % 2 else 1 - ap} for id in videos}
    report = {**make_report(AP=ap), "per_video": per_video, "videos": len(videos)}
    assert evaluation_finish_scored(token=claim().token, outcome=Outcome(report))
    submission.refresh_from_db()
    return submission


def get(address: str, person: User | None = None) -> str:
    http = Client()
    if person is not None:
        http.force_login(person)
    answer = http.get(address)
    return answer.content.decode() if answer.status_code == 200 else ""


@pytest.mark.parametrize(
    "case", ["hidden truth", "public truth, own", "blind with public truth", "closed", "private benchmark"]
)
def test_pages_lead_to_exactly_the_masks_that_their_reader_may_see(case: str) -> None:
    rules, is_public_benchmark, is_public, (masks, truth, _, _) = CASES[case]
    people = {name: make_user(is_staff=name == "staff") for name in PEOPLE if name != "anybody"}
    split = make_split(videos=make_videos(4), video_count=4, details_visible=False)
    own = make_scored(people["author"], split, 0.6, is_public=is_public)
    others = make_scored(make_user(), split, 0.3)
    boards_rank()
    Split.objects.filter(pk=split.pk).update(**rules)
    split.refresh_from_db()
    if not is_public_benchmark:
        Benchmark.objects.filter(pk=split.benchmark_id).update(is_public=False)
        split.benchmark.members.add(people["member"], people["author"])
    slug = split.benchmark.slug
    for name in PEOPLE:
        person, is_staff = people.get(name), name == "staff"
        page = get(own.get_absolute_url(), person)
        to_player = f'href="/benchmarks/{slug}/videos/?split=val&amp;submissions={own.pk}"'
        assert (to_player in page) == (name in masks), name
        has_details = is_staff or (split.shows_scores() and split.shows_details)
        found = {
            int(id)
            for id in re.findall(
                rf'<a href="/benchmarks/{slug}/videos/(\d+)/\?split=val&amp;submissions={own.pk}"', page
            )
        }
        assert found == ({1, 2, 3, 4} if name in masks and has_details else set()), name
        posters = re.findall(
            rf'src="/benchmarks/{slug}/videos/(\d+)/poster.jpg\?split=val&amp;submission={own.pk}', page
        )
        assert len(posters) == (4 if found else 0), name

        board = get(f"/benchmarks/{slug}/?rows={own.variant_id}&rows={others.variant_id}", person)
        for row in (own, others):
            is_listed = f'id="open-{row.pk}"' in board
            assert (f'submissions={row.pk}">Look at its masks' in board) == is_listed, name
        assert ('id="masks-of-ticked"' in board) == ('id="compare-ticked"' in board), name

        compared = get(f"/compare/?submissions={own.pk},{others.pk}", person)
        with_both = f"/videos/1/?split=val&amp;submissions={own.pk},{others.pk}"
        is_shown = bool(compared) and has_details
        assert (with_both in compared) == is_shown, name
        assert compared.count('class="poster"') == (4 if is_shown else 0), name
        assert not compared or name in masks, name

        assert (f'src="/benchmarks/{slug}/cover.jpg' in get("/", person)) == (name in truth), name


def queries_of(address: str) -> int:
    cache.clear()
    get(address)  # the queue's state is remembered for some seconds from here on
    with CaptureQueriesContext(connection) as queries:
        assert get(address)
    return len(queries)


def test_links_and_posters_cost_no_query_per_video_or_row() -> None:
    counts = []
    for videos, rows in ((2, 2), (20, 4)):
        split = make_split(videos=make_videos(videos), video_count=videos, ground_truth_public=True)
        first, second, *_ = [make_scored(make_user(), split, 0.1 + n / 20) for n in range(rows)]
        boards_rank()
        look(split, [first, second], make_user(is_staff=True))
        make_waiting_stores()
        pages = ("/", first.get_absolute_url(), f"/compare/?submissions={first.pk},{second.pk}")
        counts.append([queries_of(page) for page in (*pages, split.get_absolute_url())])
    assert counts[1] == counts[0]


def test_pages_ask_again_until_their_pictures_have_masks() -> None:
    split = make_split(videos=make_videos(2), video_count=2, ground_truth_public=True)
    first, second = (make_scored(make_user(), split, ap) for ap in (0.6, 0.3))
    pages = {
        "/": 'id="hosted-here"',
        first.get_absolute_url(): 'id="extremes"',
        f"/compare/?submissions={first.pk},{second.pk}": 'id="ahead-A"',
    }

    def asks(address: str) -> tuple[bool, set[str]]:
        page = get(address)
        element = page[page.index(pages[address]) :].split(">", 1)[0]
        return "hx-trigger" in element, set(
            re.findall(r'class="poster" src="([^"]+)"[^>]*?( loading="lazy")?>', page)
        )

    before = {address: asks(address) for address in pages}
    look(split, [first, second], make_user(is_staff=True))
    make_waiting_stores()
    for address, (was_asking, pictures) in before.items():
        is_asking, now = asks(address)
        assert (was_asking, is_asking) == (True, False)
        assert pictures
        # Loaded at once, they have their masks made; those with masks have other addresses.
        assert {is_lazy for _, is_lazy in pictures} == {""}
        assert {is_lazy for _, is_lazy in now} == {' loading="lazy"'}
        assert not {source for source, _ in pictures} & {source for source, _ in now}


def test_of_very_many_objects_the_page_lists_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [{"category": 1, "score": 1 - n / 1000, "first": 0, "last": 3, "frames": 4} for n in range(1000)]
    monkeypatch.setattr(page, "head_of", lambda layer: {"objects": many})
    (found,) = page.objects_of(make_split(), [Layer(key="a", title="Ours", state="ready")])
    assert found.count == "1,000 objects"
    assert [row[1] for row in found.objects][::199] == ["1.00", "0.80"]
