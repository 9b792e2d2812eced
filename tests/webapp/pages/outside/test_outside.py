"""What stands in pages of others: the same for everybody, and what an anonymous visitor of the board sees."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from html import escape, unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone

from tests.support.boards import OCCLUSION, make_board, make_row
from tests.support.factories import make_user
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import leaderboard
from webapp.pages.outside.badge import badge_svg
from webapp.pages.outside.card import Card, card_svg
from webapp.pages.outside.middleware import OutsideMiddleware
from webapp.submissions.errata.models import Reevaluation
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
# Names that a page must escape.
BEST, SECOND, HIDDEN, PRIVATE = "Best & <b>bold</b>", "Second", "Taken off", "Kept private"
PHASES: dict[str, dict[str, Any]] = {
    "public": {},
    "blind": {"scores_visible": False},
    "closed": {"opens_at": None},
    "private": {},
}


@dataclass(frozen=True)
class World:
    """A board with two public rows, a hidden one and a private one, all of one author."""

    split: Split
    people: dict[str, User | None]
    rows: dict[str, Submission]

    def addresses(self, name: str) -> dict[str, str]:
        """Every address of `outside` about a row, by the name of its pattern."""
        row, slug, split = self.rows[name], self.split.benchmark.slug, self.split.name
        of_split = (slug, split)
        arguments: dict[str, tuple[Any, ...]] = {
            "board": of_split,
            "row": (*of_split, row.variant_id),
            "chart": of_split,
            "chart_picture": of_split,
            "changes": (slug,),
            "badge": (*of_split, row.variant.method.slug),
            "row_badge": (*of_split, row.variant_id),
            "result_badge": (row.pk,),
            "picture": of_split,
            "method_picture": (row.variant.method.slug,),
            "result_picture": (row.pk,),
        }
        return {key: reverse(f"outside:{key}", args=values) for key, values in arguments.items()}


# Addresses about one row, which does not exist for others where they must not see it.
OF_A_ROW = {"row", "badge", "row_badge", "result_badge", "method_picture", "result_picture"}
OF_A_RESULT = {"result_badge", "result_picture"}
HIDDEN_WHILE_BLIND = {"chart_picture", "method_picture"}


def make_world(phase: str) -> World:
    author, olga = make_user("alice"), make_user("olga", is_staff=True)
    split = make_board(benchmark={"is_public": phase != "private"})
    split.benchmark.members.add(author)
    rows = {
        BEST: make_row(split, BEST, 0.41234, author=author, metrics=OCCLUSION),
        SECOND: make_row(split, SECOND, 0.31789, author=author, metrics=OCCLUSION),
        HIDDEN: make_row(split, HIDDEN, 0.57654, author=author, is_public=False, is_hidden=True),
        PRIVATE: make_row(split, PRIVATE, 0.63521, author=author, is_public=False),
    }
    for name, value in PHASES[phase].items():
        setattr(split, name, value)
    split.save()
    return World(split, {"anybody": None, "author": author, "organiser": olga}, rows)


def answers(world: World, address: str) -> list[HttpResponse]:
    """The answers to all people, who each send their cookies; none of them is recognised."""
    found = []
    for person in world.people.values():
        http = Client()
        if person is not None:
            http.force_login(person)
        http.cookies["csrftoken"] = "not a token"
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = http.get(address)
        asked = " ".join(query["sql"] for query in queries)
        assert "django_session" not in asked, address
        assert 'accounts_user" WHERE' not in asked, address
        assert not answer.cookies, address
        assert "Cookie" not in answer.get("Vary", ""), address
        assert answer["Cache-Control"] == "public, max-age=300", address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert "X-Frame-Options" not in answer, address
        policy = answer["Content-Security-Policy"]
        assert "frame-ancestors *" in policy, address
        assert "script" not in policy, address
        assert policy.startswith("default-src 'none'"), address
        assert b"<form" not in answer.content, address
        assert b"<script" not in answer.content, address
        found.append(answer)
    return found


def same_for_all(world: World, address: str) -> HttpResponse:
    first, *others = answers(world, address)
    assert all(one.content == first.content for one in others), address
    assert {one.status_code for one in others} == {first.status_code}, address
    return first


def drawn_and_kept(drawn: list[str], card: Card, *, foot: str) -> str:
    """Draw a picture, and keep what stands in it."""
    svg = card_svg(card, foot=foot)
    drawn.append("\n".join(ElementTree.fromstring(svg).itertext()))
    return svg


def said_in(answer: HttpResponse, drawn: list[str]) -> str:
    """Return the text of an answer; of a picture what was written into it, which is the last one drawn."""
    return drawn[-1] if answer["Content-Type"] == "image/png" else answer.content.decode()


def numbers_in(text: str) -> set[str]:
    """The numbers of this board's rows that a text holds, in percent or as fractions."""
    return set(re.findall(r"(?<![\d.])(?:0?\.)?(?:41\.?2|31\.?[78]|57\.?[67]|63\.?5)\d*", text))


def test_no_address_is_left_out() -> None:
    world = make_world("public")
    names = {pattern.name for pattern in get_resolver("webapp.pages.outside.urls").url_patterns}
    assert world.addresses(BEST).keys() == names


@pytest.mark.parametrize("phase", PHASES)
def test_all_addresses_show_everybody_what_an_anonymous_visitor_of_the_board_sees(
    phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("webapp.pages.outside.pictures.card_svg", partial(drawn_and_kept, drawn))
    world = make_world(phase)
    board = leaderboard(split=world.split, user=AnonymousUser(), filters=Filters())
    on_board = {ranked.row.method for ranked in board.rows}
    for name in world.rows:
        for key, address in world.addresses(name).items():
            if name != BEST and key not in OF_A_ROW:
                continue  # the same address
            answer = same_for_all(world, address)
            text = said_in(answer, drawn)
            assert HIDDEN not in text
            assert PRIVATE not in text
            assert not numbers_in(text) & {"57.7", "63.5"}, address
            if phase in ("closed", "private"):
                assert answer.status_code == 404, address
            elif key in HIDDEN_WHILE_BLIND and phase == "blind":
                assert answer.status_code == 404
            elif phase == "blind":
                assert answer.status_code == (
                    404 if key in OF_A_RESULT and name in (HIDDEN, PRIVATE) else 200
                )
            else:
                exists = key not in OF_A_ROW or name in on_board
                assert answer.status_code == (200 if exists else 404), address
            if phase != "public":
                assert numbers_in(text) == set(), address
                assert key in OF_A_RESULT or BEST not in text, address
                assert re.search(r"\d(?:st|nd|rd|th)\b", text) is None, address
    assert on_board == ({BEST, SECOND} if phase != "blind" and phase != "closed" else set())


def text_of(world: World, name: str, key: str) -> str:
    svg = ElementTree.fromstring(same_for_all(world, world.addresses(name)[key]).content)
    return svg.attrib["aria-label"]


def test_a_badge_says_rank_and_number_of_a_method_a_row_and_a_result() -> None:
    world = make_world("public")
    scope = str(world.split)
    for key in ("badge", "row_badge", "result_badge"):
        assert text_of(world, BEST, key) == f"{scope}: 1st of 2, 41.2 AP"
        assert text_of(world, SECOND, key) == f"{scope}: 2nd of 2, 31.8 AP"
    make_row(world.split, "Equal", 0.31789)
    assert text_of(world, SECOND, "badge") == f"{scope}: joint 2nd of 3, 31.8 AP"
    worse = make_row(world.split, SECOND, 0.2, variant=world.rows[SECOND].variant)
    address = reverse("outside:result_badge", args=[worse.pk])
    assert b"20.0 AP" in (answer := same_for_all(world, address)).content
    assert answer["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert b" of 3" not in answer.content


def test_a_badge_is_well_formed_whatever_it_says() -> None:
    svg = ElementTree.fromstring(badge_svg("a\x0bb <&> \ufffe 日本", "x" * 200))
    texts = [one.text or "" for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "ab <&> 日本"
    assert texts[1].endswith("x…")
    assert len(texts[1]) == 60


def test_the_feed_lists_new_rows_and_corrected_numbers_latest_first() -> None:
    world = make_world("public")
    again = {"before_digest": "sha256:0", "before_metrics": {"AP": 0.3}, "after_metrics": {"AP": 0.31789}}
    for name in (SECOND, HIDDEN):
        Reevaluation.objects.create(
            submission=world.rows[name], reason="Ties & order.", replaced_at=timezone.now(), **again
        )
    answer = same_for_all(world, world.addresses(BEST)["changes"])
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall(f"{ATOM}entry")
    scope = str(world.split)
    assert [one.findtext(f"{ATOM}title") for one in entries] == [
        f"{scope}: {SECOND}, 31.8 AP (was 30.0)",
        f"{scope}: {SECOND}, 31.8 AP",
        f"{scope}: {BEST}, 41.2 AP",
    ]
    assert "Ties & order." in (entries[0].findtext(f"{ATOM}summary") or "")
    links = [one.attrib["href"] for one in entries[1].iter(f"{ATOM}link")]
    assert links == [f"http://testserver/submissions/{world.rows[SECOND].pk}/"]
    board = Client().get(world.split.benchmark.get_absolute_url()).content.decode()
    assert (
        f'type="application/atom+xml" title="Shapes: changes" href="{world.addresses(BEST)["changes"]}"'
        in board
    )


def test_the_feed_says_nothing_of_a_blind_phase_but_its_end() -> None:
    world = make_world("public")
    make_row(world.split, "Printed", 0.2, source={"primary": True})
    before = timezone.now() - timedelta(days=1)
    Submission.objects.update(finished_at=before - timedelta(days=1))
    Reevaluation.objects.create(
        submission=world.rows[SECOND],
        reason="Ties",
        replaced_at=before,
        before_digest="sha256:0",
        before_metrics={"AP": 0.3},
        after_metrics={"AP": 0.31789},
    )
    for is_visible in (False, True):
        world.split.scores_visible = is_visible
        world.split.save()
    world.split.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        feed = ElementTree.fromstring(Client().get(world.addresses(BEST)["changes"]).content)
    entries = feed.findall(f"{ATOM}entry")
    titles = [(one.findtext(f"{ATOM}title") or "").partition(": ")[2] for one in entries]
    assert sorted(titles[:2]) == sorted([f"{BEST}, 41.2 AP", f"{SECOND}, 31.8 AP"])
    assert titles[2:] == ["Printed, 20.0 AP"]
    dates = [datetime.fromisoformat(one.findtext(f"{ATOM}published") or "") for one in entries]
    assert dates[0] == dates[1] == world.split.revealed_at
    assert dates[2] < before
    assert len(queries) <= 8


def test_an_embedded_board_has_the_rows_of_the_board_as_its_address_filters_them() -> None:
    world = make_world("public")
    address = world.addresses(BEST)["board"]
    text = same_for_all(world, address).content.decode()
    assert text.index(escape(BEST)) < text.index(SECOND)
    assert BEST not in text
    assert "41.2" in text
    assert f'href="http://testserver/benchmarks/{world.split.benchmark.slug}/?split=val"' in text
    few = same_for_all(world, f"{address}?limit=1").content.decode()
    assert SECOND not in few
    assert "1 more row<" in few
    found = same_for_all(world, f"{address}?q=second").content.decode()
    assert escape(BEST) not in found
    assert re.search(r'<td class="num">2</td>\s*<th scope="row">Second', found)
    row = same_for_all(world, world.addresses(SECOND)["row"]).content.decode()
    assert escape(BEST) not in row
    assert re.search(r'<td class="num">2</td>\s*<th scope="row">Second', row)
    nobody = reverse("outside:row", args=[world.split.benchmark.slug, "val", 10**30])
    assert same_for_all(world, nobody).status_code == 404
    assert same_for_all(world, f"{address}?subset=nothing").status_code == 404


def test_an_embedded_chart_is_a_picture_for_light_and_one_for_dark_and_for_phones_smaller_ones() -> None:
    world = make_world("public")
    addresses = world.addresses(BEST)
    text = same_for_all(world, f"{addresses['chart']}?q=second").content.decode()
    for look in ("", "&amp;theme=dark", "&amp;width=400", "&amp;theme=dark&amp;width=400"):
        assert f'="{addresses["chart_picture"]}?split=val&amp;q=second{look}"' in text
    pictures = [
        same_for_all(world, f"{addresses['chart_picture']}?theme={theme}&width=400")
        for theme in ("light", "dark")
    ]
    roots = [ElementTree.fromstring(one.content) for one in pictures]
    assert [one.attrib["width"] for one in roots] == ["400", "400"]
    assert pictures[0].content != pictures[1].content
    assert pictures[0]["Content-Type"] == "image/svg+xml; charset=utf-8"
    said = "".join(roots[0].itertext())
    assert BEST.replace("<", "(").replace(">", ")") in said
    assert f"http://testserver/benchmarks/{world.split.benchmark.slug}/?split=val" in said


def test_the_board_offers_its_rows_and_a_ticked_one_in_a_frame() -> None:
    world = make_world("public")
    page = world.split.benchmark.get_absolute_url()
    text = unescape(Client().get(f"{page}?q=s&rows={world.rows[SECOND].variant_id}").content.decode())
    ticked = f"?q=s&rows={world.rows[SECOND].variant_id}"
    for key, query in (("board", ticked), ("chart", ticked), ("row", "")):
        assert f'<iframe src="http://testserver{world.addresses(SECOND)[key]}{query}"' in unescape(text)
    Split.objects.update(scores_visible=False)
    staff = Client()
    staff.force_login(make_user(is_staff=True))
    assert "iframe" not in staff.get(page).content.decode()


def test_nothing_else_may_stand_in_a_frame() -> None:
    world = make_world("public")
    for address in ("/", world.split.benchmark.get_absolute_url(), "/embedded/", "/errata/"):
        answer = Client().get(address)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], address
        assert answer["X-Frame-Options"] == "DENY", address


def test_pages_offer_the_badge_to_copy_where_others_see_it() -> None:
    world = make_world("public")
    row = world.rows[SECOND]
    picture = f"http://testserver{world.addresses(SECOND)['badge']}"
    page = unescape(Client().get(row.variant.method.get_absolute_url()).content.decode())
    assert f"[![{world.split}]({picture})](http://testserver/methods/{row.variant.method.slug}/)" in page
    of_result = f"http://testserver{world.addresses(SECOND)['result_badge']}"
    address = f"http://testserver{row.get_absolute_url()}"
    page = unescape(Client().get(row.get_absolute_url()).content.decode())
    assert f'<a href="{address}"><img src="{of_result}" alt="{world.split}"></a>' in page
    author = Client()
    author.force_login(world.rows[PRIVATE].author)
    for private in (
        world.rows[PRIVATE].get_absolute_url(),
        world.rows[PRIVATE].variant.method.get_absolute_url(),
    ):
        assert "badge.svg" not in author.get(private).content.decode()
    Split.objects.update(scores_visible=False)
    for name in (BEST, SECOND):
        assert "badge.svg" not in author.get(world.rows[name].get_absolute_url()).content.decode()


def opengraph(address: str, person: User | None = None) -> dict[str, str]:
    http = Client()
    if person is not None:
        http.force_login(person)
    text = http.get(address).content.decode()
    return {
        name: unescape(said)
        for name, said in re.findall(r'<meta property="og:([^"]+)" content="([^"]*)">', text)
    }


def test_links_bring_title_description_and_picture_that_everybody_may_see() -> None:
    world = make_world("public")
    row, split = world.rows[BEST], world.split
    hosts = "http://testserver"
    board = opengraph(f"{split.benchmark.get_absolute_url()}")
    assert board["title"] == f"{split} leaderboard"
    assert board["image"] == hosts + world.addresses(BEST)["picture"]
    method = opengraph(row.variant.method.get_absolute_url())
    assert (method["title"], method["image"]) == (BEST, hosts + world.addresses(BEST)["method_picture"])
    result = opengraph(row.get_absolute_url())
    assert result["title"] == f"{BEST} on {split}"
    picture = same_for_all(world, result["image"].removeprefix(hosts))
    assert picture["Content-Type"] == "image/png"
    assert picture.content[16:24] == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big")
    author = world.people["author"]
    for name in (HIDDEN, PRIVATE):
        private = world.rows[name]
        for address in (private.get_absolute_url(), private.variant.method.get_absolute_url()):
            assert opengraph(address, author) == {}
    Split.objects.update(scores_visible=False)
    staff = world.people["organiser"]
    for address in (split.benchmark.get_absolute_url(), row.get_absolute_url()):
        said = opengraph(address, staff)
        assert said["image"]
        assert numbers_in(str(said)) == set()
    Benchmark.objects.update(is_public=False)
    assert opengraph(split.benchmark.get_absolute_url(), staff) == {}
    assert opengraph(row.get_absolute_url(), staff) == {}


def test_a_fault_of_ours_is_kept_by_no_cache() -> None:
    answer = OutsideMiddleware(lambda request: HttpResponse(status=500))(RequestFactory().get("/embed/"))
    assert answer["Cache-Control"] == "no-store"
