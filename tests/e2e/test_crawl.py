"""Every page of the site as every kind of visitor: its status, what axe-core finds, and whether it fits."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Browser, Page

from evaluator.problems import Where, problem
from tests.support.boards import OCCLUSION, make_row
from tests.support.drawn import make_drawn
from tests.support.factories import claim, make_report, make_submission, make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from tests.support.runs import claim_run, make_checkpoint, make_run, make_run_split, store_video
from webapp.accounts.models import ApiToken, User
from webapp.benchmarks.models import Benchmark
from webapp.jobs.services import job_finish_failed
from webapp.submissions.attempts import evaluation_finish_rejected, evaluation_finish_scored
from webapp.submissions.errata.services import reevaluations_request
from webapp.submissions.models import Submission
from webapp.submissions.results import Outcome
from webapp.submissions.services import submission_state_cost

AXE = (Path(__file__).parents[1] / "vendor/axe-core/axe.min.js").read_text()
RUN_AXE = """
async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run({resultTypes: ["violations"], runOnly: {type: "tag", values: tags}});
  return found.violations.flatMap(({id, impact, nodes}) =>
    nodes.map(({html, any}) => `${impact} ${id}: ${html.slice(0, 160)} ${any.map((one) => one.message)}`));
}
"""
# What sticks out of the page, what is cut off without a scroll bar, and code under its button "Copy".
HIDDEN_PARTS = """
() => {
  const all = [...document.querySelectorAll("body *")];
  const wide = document.documentElement.scrollWidth > window.innerWidth;
  const sticksOut = all.filter((e) => wide && e.getBoundingClientRect().right > window.innerWidth);
  const hasNoBar = (e) => getComputedStyle(e).scrollbarWidth === "none";
  const cutOff = all.filter((e) => e.scrollWidth > e.clientWidth && hasNoBar(e));
  const covered = [...document.querySelectorAll(".code > .copy")].filter((button) => {
    const [code, own] = [button.previousElementSibling, button].map((e) => e.getBoundingClientRect());
    return code.right > own.left + 1 && code.bottom > own.top + 1 && own.width > 0;
  });
  return [...sticksOut.slice(0, 3), ...cutOff, ...covered].map((e) => e.outerHTML.slice(0, 120));
}
"""
# Numbers of submissions on a page as [submission, metric, text], and lines of a comparison.
NUMBERS = r"""
() => {
  const number = (e) => (e?.textContent.trim().match(/^[+\u2212-]?\d+\.\d/) ?? [""])[0];
  const key = (e) => e?.querySelector('a[href^="/metrics/"]')?.getAttribute("href").split("/")[2];
  const found = [];
  const heads = [...document.querySelectorAll(".board-table thead button.sort")]
    .map((e) => e.id.replace("sort-", "")).filter((name) => !["method", "year"].includes(name));
  for (const entry of document.querySelectorAll("tbody.entry")) {
    const id = entry.querySelector(".open-box").id.replace("open-", "");
    const cells = [...entry.querySelectorAll("tr.main > td.num:not(.rank)")];
    heads.forEach((name, n) => found.push([id, name, number(cells[n])]));
  }
  const own = location.pathname.match(/^\/submissions\/([0-9a-f-]{36})\/$/)?.[1];
  if (own) {
    const parts = document.querySelectorAll("dl.stats > div, .group-grid tr");
    for (const e of parts) found.push([own, key(e), number(e.querySelector("dd, td"))]);
  }
  const pair = new URLSearchParams(location.search).get("submissions")?.split(",");
  const lines = [...document.querySelectorAll(".compare-table tbody tr")].map((e) => {
    const [first, other, change] = [...e.querySelectorAll("td")].map(number);
    found.push([pair[0], key(e), first], [pair[1], key(e), other]);
    return [first, other, change];
  });
  for (const e of document.querySelectorAll(".panel-lines td.num a, .home-news tbody tr")) {
    const link = e.closest("tr").querySelector('a[href^="/submissions/"]');
    const id = link?.getAttribute("href").split("/")[2];
    if (id) found.push([id, "AP", number(e.querySelector("strong.num, .num strong, strong"))]);
  }
  return [found.filter(([, name, text]) => name && text), lines];
}
"""
IDENTITIES = ("anonymous", "member", "author", "staff")
Statuses = tuple[int, int, int, int]
EVERYBODY: Statuses = (200, 200, 200, 200)
LOGGED_IN: Statuses = (302, 200, 200, 200)
ON_THE_WAY_IN: Statuses = (200, 302, 302, 302)
THE_AUTHORS: Statuses = (404, 404, 200, 200)
ORGANISERS: Statuses = (302, 302, 302, 200)
FILES = (".txt", ".json", ".svg", ".atom", ".png", ".jpg")
WIDTHS = (320, 390, 768, 1000, 1280)
EVERY_WIDTH = tuple(range(320, 1281, 20))


@dataclass(frozen=True)
class World:
    """What the database holds, and its addresses. `forms` are for their author and staff alone."""

    people: dict[str, User]
    pages: dict[str, Statuses]
    forms: list[str]


def make_world() -> World:
    """Make one of everything that pages show.

    Rows are finished in the transaction that makes them, since workers of the live site take what waits.
    """
    member, author = (
        make_user("member", password="-"),
        make_user("author-with-a-rather-long-name", password="-"),
    )
    staff = make_user("organiser", password="-", is_staff=True, is_superuser=True)
    videos = [{"id": n, "name": f"clip-{n}", "length": 9, "height": 48, "width": 64} for n in (1, 2)]
    split = make_run_split(benchmark={"name": "Shapes", "summary": "Small shapes."}, ground_truth_public=True)
    split.videos, split.video_count = videos, 2
    split.save()
    parts = {
        "per_category": {"shape 1": {"AP": 0.5}},
        "per_video": {"1": {"AP": 0.4}, "2": {"AP": 0.6}},
        "metrics": {"AP": 0.5, "AP50": 0.7, **OCCLUSION},
    }
    strong = make_drawn(split, "Strong", 0.5, author=author, **parts)
    close = make_drawn(split, "Close", 0.48, **parts)
    private = make_drawn(split, "Private", 0.3, author=author, is_public=False, **parts)
    make_row(split, "Printed", 0.2, source={"primary": True, "table": "Table 9"}, metrics=OCCLUSION)
    with transaction.atomic():
        rejected = make_submission(author, split)
        problems = [
            problem("score-type", Where(file="results.json", entry=3), "`score` is null.").to_json(),
            problem("predictions-empty", Where(file="results.json"), "The list is empty.").to_json(),
        ]
        assert evaluation_finish_rejected(token=claim().token, problems=problems)
        failed = make_submission(author, split)
        job_finish_failed(token=claim().token, code="not-finite")
        Submission.objects.filter(pk=close.pk).update(evaluator="0.1")
        close.refresh_from_db()
        assert reevaluations_request(submissions=[close], reason="Ties were ordered wrongly.", actor=None)
        assert evaluation_finish_scored(
            token=claim().token, outcome=Outcome(make_report(AP=0.47), samples={})
        )
        for row, fps in ((strong, 20.0), (close, 30.0)):
            facts = {"params_m": 44.1, "fps": fps, "fps_device": "RTX 4090"}
            submission_state_cost(submission=row, actor=staff, cost=facts)
        run = make_run(author, split, is_public=False)
        store_video(claim_run(), 0)
        ready = make_checkpoint(author, "tiny_shapes", visibility="public")
        waiting = make_checkpoint(author)
    make_token(author, "read")
    # Its published ablations are known.
    Benchmark.objects.create(slug="ovis", name="OVIS", evaluator="ovis", task="vis")
    slug = split.benchmark.slug
    board, method = f"/benchmarks/{slug}/", f"/methods/{strong.variant.method.slug}/"
    embed = f"/embed/benchmarks/{slug}"
    token = ApiToken.objects.get()
    pages = {
        "/": EVERYBODY,
        "/robots.txt": EVERYBODY,
        "/submit/": (302, 302, 302, 302),
        "/about-numbers/": EVERYBODY,
        board: EVERYBODY,
        f"{board}?q=o&rows={strong.variant_id}": EVERYBODY,
        f"{board}?sort=-fps&per=method&columns=all&baseline={close.variant_id}": EVERYBODY,
        f"{board}chart/": EVERYBODY,
        f"{board}how-to-submit/": EVERYBODY,
        f"{board}samples/val/results.json": EVERYBODY,
        f"{board}about/": EVERYBODY,
        f"{board}?at=2026-11-01&since=2026-10-01": EVERYBODY,
        f"{embed}/val/": EVERYBODY,
        f"{embed}/val/?at=2099-01-01&since=2026-10-01": EVERYBODY,
        f"{embed}/val/chart/": EVERYBODY,
        f"{embed}/val/chart.svg": EVERYBODY,
        f"{embed}/val/rows/{strong.variant_id}/": EVERYBODY,
        f"{embed}/val/picture.png": EVERYBODY,
        f"/embed{method}picture.png": EVERYBODY,
        f"/embed/results/{strong.pk}/picture.png": EVERYBODY,
        f"{embed}/val/rows/{strong.variant_id}/badge.svg": EVERYBODY,
        f"{embed}/val{method}badge.svg": EVERYBODY,
        f"{embed}/changes.atom": EVERYBODY,
        f"/embed/results/{strong.pk}/badge.svg": EVERYBODY,
        f"/embed/results/{private.pk}/badge.svg": (404, 404, 404, 404),
        f"{board}ablations/": EVERYBODY,
        "/benchmarks/ovis/ablations/": EVERYBODY,
        f"{board}videos/": (302, 302, 302, 302),
        f"{board}cover.jpg": EVERYBODY,
        f"{board}videos/1/poster.jpg": EVERYBODY,
        f"{board}videos/1/frames/480/0.jpg": (404, 404, 404, 404),
        f"{board}videos/1/frames/481/0-1.bin": (404, 404, 404, 404),  # of a size there is none
        f"{board}videos/1/": EVERYBODY,
        f"{board}videos/2/?submissions={strong.pk},{close.pk}": EVERYBODY,
        f"{board}videos/2/?submissions={private.pk}": THE_AUTHORS,
        f"{board}videos/3/": (404, 404, 404, 404),
        f"{board}masks/{'0' * 64}?submission={strong.pk}": (404, 404, 404, 404),
        f"{board}events/{'0' * 64}?submission={strong.pk}": (404, 404, 404, 404),
        f"{board}submit/": LOGGED_IN,
        f"{board}submit/?again={rejected.pk}": (302, 404, 200, 404),
        f"{board}run/": LOGGED_IN,
        "/compare/": EVERYBODY,
        f"/compare/?submissions={strong.pk},{close.pk}": EVERYBODY,
        "/methods/": EVERYBODY,
        method: EVERYBODY,
        f"{method}edit/": (302, 403, 200, 200),
        "/checkpoints/": EVERYBODY,
        "/checkpoints/upload/": LOGGED_IN,
        f"/checkpoints/{ready.pk}/": EVERYBODY,
        f"/checkpoints/{waiting.pk}/": THE_AUTHORS,
        "/metrics/": EVERYBODY,
        "/metrics/AP/": EVERYBODY,
        "/submissions/": LOGGED_IN,
        f"/submissions/{strong.pk}/": EVERYBODY,
        f"/submissions/{private.pk}/": THE_AUTHORS,
        f"/submissions/{rejected.pk}/": THE_AUTHORS,
        f"/submissions/{failed.pk}/": THE_AUTHORS,
        "/runs/": LOGGED_IN,
        f"/runs/{run.pk}/": THE_AUTHORS,
        "/errata/": EVERYBODY,
        "/status/": EVERYBODY,
        "/accounts/tokens/": LOGGED_IN,
        "/accounts/login/": ON_THE_WAY_IN,
        "/accounts/signup/": ON_THE_WAY_IN,
        "/accounts/password/reset/": EVERYBODY,
        "/accounts/email/": LOGGED_IN,
        "/accounts/password/change/": LOGGED_IN,
        "/accounts/logout/": LOGGED_IN,
        "/api/v1/docs": EVERYBODY,
        "/nothing-here/": (404, 404, 404, 404),
        "/admin/": ORGANISERS,
    }
    forms = [
        *(f"/submissions/{private.pk}/{action}/" for action in ("withdraw", "retry", "visibility", "cost")),
        f"{method}ablations/a-study/",
        *(f"/checkpoints/{waiting.pk}/{action}/" for action in ("share", "delete", "retry")),
        *(f"/runs/{run.pk}/{action}/" for action in ("cancel", "retry")),
        f"/accounts/tokens/{token.pk}/revoke/",
    ]
    return World({"member": member, "author": author, "staff": staff}, pages, forms)


def session_of(person: User | None) -> dict[str, str]:
    http = Client()
    if person is None:
        return {}
    http.force_login(person)
    return {"sessionid": http.cookies["sessionid"].value}


@pytest.fixture
def world(live_site: LiveSite) -> World:
    return make_world()


@pytest.fixture
def page_of(browser: Browser, live_site: LiveSite, world: World) -> Iterator[Callable[..., Page]]:
    """Opens a page as one kind of visitor."""
    contexts = []

    def make(identity: str, **options: Any) -> Page:
        context = browser.new_context(base_url=live_site.url, locale="en-GB", **options)
        contexts.append(context)
        cookies = session_of(world.people.get(identity))
        context.add_cookies([{"name": n, "value": v, "url": live_site.url} for n, v in cookies.items()])
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def is_page(address: str) -> bool:
    """Return whether a browser shows it: no file, and not what Django draws."""
    is_file = address.startswith("/benchmarks/") and address.endswith("/chart/")
    return not (is_file or address.endswith(FILES) or address.startswith("/admin/"))


def looked_at(world: World, identity: str) -> list[str]:
    """The pages that this visitor is the first of the four to see; the first page is looked at by all."""
    position = IDENTITIES.index(identity)
    return [
        address
        for address, statuses in world.pages.items()
        if statuses[position] in (200, 404)
        and (address == "/" or statuses.index(statuses[position]) == position)
        and is_page(address)
    ]


@dataclass
class Numbers:
    """What pages show of submissions: the texts of each (submission, metric), and the pages that it is on."""

    texts: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def read(self, page: Page, address: str) -> None:
        found, lines = page.evaluate(NUMBERS)
        self.lines += lines
        for id, name, text in found:
            if text.startswith(("+", "\N{MINUS SIGN}")):  # a difference to the pinned row of a board
                continue
            self.texts[id, name].add(text)
            self.places[id, name].add(address)

    def faults(self) -> Iterator[str]:
        """Yield metrics of one submission with two values, and differences that are not those beside them."""
        yield from (f"{one}: {shown}" for one, shown in self.texts.items() if len(shown) > 1)
        for first, other, change in self.lines:
            expected = f"{Decimal(first) - Decimal(other):+.1f}".replace("-", "\N{MINUS SIGN}")
            if change not in (expected, expected.removeprefix("+")):
                yield f"{first} against {other}: {change}"


def faults_of(page: Page, address: str, widths: tuple[int, ...]) -> Iterator[str]:
    """Yield what axe finds on a page, and the widths at which it hides a part."""
    page.goto(address)
    # What is folded is read, too.
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((one) => { one.open = true; })")
    page.evaluate(AXE)
    yield from (f"{address} {fault}" for fault in page.evaluate(RUN_AXE))
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        yield from (f"{address} at {width} px: {element}" for element in page.evaluate(HIDDEN_PARTS))


@pytest.mark.parametrize("identity", IDENTITIES)
def test_pages_answer_as_they_should_and_have_no_fault(
    identity: str, world: World, page_of: Callable[..., Page]
) -> None:
    page = page_of(identity, viewport={"width": 1280, "height": 800})
    position = IDENTITIES.index(identity)
    answers = {
        address: page.request.get(address, max_redirects=0, fail_on_status_code=False).status
        for address in world.pages
    }
    assert answers == {address: statuses[position] for address, statuses in world.pages.items()}
    if identity in ("anonymous", "member"):
        http = Client()
        if identity == "member":
            http.force_login(world.people["member"])
        refused = {"anonymous": {302}, "member": {403, 404}}[identity]
        assert {form for form in world.forms if http.post(form).status_code not in refused} == set()
    numbers, faults = Numbers(), []
    for address in looked_at(world, identity):
        faults += faults_of(page, address, WIDTHS)
        numbers.read(page, address)
    assert faults == []
    assert list(numbers.faults()) == []
    if identity == "anonymous":
        assert max(map(len, numbers.places.values())) >= 4  # board, result, comparison, method or home
        assert numbers.lines


@pytest.mark.endure
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_width_in_both_themes_has_no_fault(
    identity: str, theme: str, world: World, page_of: Callable[..., Page]
) -> None:
    page = page_of(identity, color_scheme=theme, viewport={"width": 1280, "height": 800})
    position = IDENTITIES.index(identity)
    seen = [
        address for address, statuses in world.pages.items() if statuses[position] == 200 and is_page(address)
    ]
    assert [fault for address in seen for fault in faults_of(page, address, EVERY_WIDTH)] == []


def own_pages(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """Yield the names of the site's own addresses, without the API's."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace not in ("api", "admin"):
                yield from own_pages(pattern, pattern.namespace or space)
        elif isinstance(pattern, URLPattern) and pattern.callback.__module__.startswith("webapp."):
            yield f"{space}:{pattern.name}" if space else str(pattern.name)


def test_the_crawl_leaves_no_page_out(world: World) -> None:
    addresses = [*(address.partition("?")[0] for address in world.pages), *world.forms]
    visited = {resolve(address).view_name for address in addresses if address != "/nothing-here/"}
    assert set(own_pages(get_resolver())) - visited == {"keys"}
