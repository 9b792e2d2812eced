"""`manage.py screenshots`: every page of the running site, on a desktop and a phone, in light and dark."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from webapp.benchmarks.models import VideoSubset
from webapp.benchmarks.selectors import benchmarks_visible_to, open_splits
from webapp.leaderboards.choosing import compare_href
from webapp.leaderboards.filters import Filters
from webapp.leaderboards.selectors import leaderboard
from webapp.pages.methods.matrix import methods_found, methods_listed
from webapp.submissions.models import Submission

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
THEMES = ("light", "dark")
STUDIED = "ovis"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page under the name of its picture; `needs_login` pages are taken as the demo's researcher."""

    name: str
    path: str
    needs_login: bool = False


class Command(BaseCommand):
    help = "Take pictures of every page of the running site, 1280 and 390 pixels wide, light and dark."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--server", default=f"http://localhost:{settings.PORT}", help="(default %(default)s)"
        )
        parser.add_argument(
            "--out", type=Path, default=settings.VAR / "screenshots", help="(default %(default)s)"
        )
        parser.add_argument("--only", default="", help="pages whose name contains this")
        parser.add_argument("--username", default="demo", help="who is logged in (default %(default)s)")
        parser.add_argument("--password", default="demo", help="(default %(default)s)")

    def handle(
        self, *, server: str, out: Path, only: str, username: str, password: str, **options: Any
    ) -> None:
        try:
            from playwright.sync_api import Error, sync_playwright  # of the test extra: the site runs without
        except ImportError:
            raise CommandError("playwright is missing: pip install '.[test]'") from None
        self._check_running(server)
        shots = [shot for shot in pages() if only in shot.name]
        out.mkdir(parents=True, exist_ok=True)
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
            "1"  # Playwright runs an event loop; no query is made inside
        )
        with sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(executable_path=_chromium())
            except Error as error:
                raise CommandError(
                    f"No Chromium: install your system's package, or run playwright install chromium. {error}"
                ) from None
            for size, (width, height) in SIZES.items():
                for theme in THEMES:
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme="dark" if theme == "dark" else "light",
                        has_touch=size == "phone",
                    )
                    page = context.new_page()
                    self._take(page, [s for s in shots if not s.needs_login], server, out, f"{size}-{theme}")
                    if any(shot.needs_login for shot in shots):
                        _log_in(page, server, username, password)
                        self._take(page, [s for s in shots if s.needs_login], server, out, f"{size}-{theme}")
                    context.close()
            browser.close()
        self.stdout.write(f"{len(shots) * len(SIZES) * len(THEMES)} pictures in {out}")

    def _check_running(self, server: str) -> None:
        try:
            urlopen(server, timeout=10).close()
        except (URLError, OSError) as error:
            raise CommandError(
                f"Nothing answers at {server} ({error}): start it with `make up`, or give --server."
            ) from None

    def _take(self, page: Any, shots: list[Shot], server: str, out: Path, suffix: str) -> None:
        for shot in shots:
            page.goto(server + shot.path)
            page.wait_for_load_state("networkidle")
            for chart in page.query_selector_all("[data-chart]"):
                chart.scroll_into_view_if_needed()
                chart.wait_for_selector(".main-svg")
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=out / f"{shot.name}-{suffix}.png", full_page=True)
            self.stdout.write(f"{shot.name}-{suffix}")


def pages() -> list[Shot]:
    """Every kind of page, with what the database holds."""
    anyone = AnonymousUser()
    shots = [Shot("home", reverse("home")), Shot("methods", reverse("methods:list"))]
    for benchmark in benchmarks_visible_to(anyone):
        shots.append(Shot(f"board-{benchmark.slug}", benchmark.get_absolute_url()))
    if studied := benchmarks_visible_to(anyone).filter(slug=STUDIED).first():
        shots.append(Shot("ablations", reverse("benchmarks:ablations", args=[studied.slug])))
    for subset in VideoSubset.objects.filter(split__benchmark__is_public=True)[:1]:
        address = f"{subset.split.get_absolute_url()}&subset={subset.name}"
        shots.append(Shot(f"subset-{subset.name}", address))
    shots += [
        Shot("metrics", reverse("metrics:list")),
        Shot("metric", reverse("metrics:detail", args=["AP"])),
    ]
    for split in open_splits(anyone)[:1]:
        slug = split.benchmark.slug
        shots.append(Shot("how-to-submit", reverse("benchmarks:submit_guide", args=[slug])))
        shots.append(Shot("about", reverse("benchmarks:about", args=[slug])))
        shots.append(Shot("submit", reverse("submissions:new", args=[slug]), needs_login=True))
        rows = leaderboard(split=split, user=anyone, filters=Filters()).rows
        if len(rows) > 1:
            shots.append(Shot("compare", compare_href([one.row.submission_id for one in rows[:2]])))
    listed = methods_listed(user=anyone, methods=methods_found(user=anyone))
    if listed:
        widest = max(listed, key=lambda one: (len(one.benchmarks), one.variants))
        shots.append(Shot("method", widest.method.get_absolute_url()))
    for status in Submission.Status.values:
        found = Submission.objects.filter(status=status).exclude(origin=Submission.Origin.REPORTED).first()
        if found:
            shots.append(Shot(f"submission-{status}", found.get_absolute_url(), needs_login=True))
    shots += [
        Shot("my-submissions", reverse("submissions:mine"), needs_login=True),
        Shot("tokens", reverse("accounts:tokens"), needs_login=True),
        Shot("login", reverse("account_login")),
        Shot("signup", reverse("account_signup")),
        Shot("not-found", "/nothing-here/"),
    ]
    return shots


def _log_in(page: Any, server: str, username: str, password: str) -> None:
    page.goto(server + reverse("account_login"))
    page.fill("input[name=login]", username)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_load_state("networkidle")
    if page.query_selector("main input[name=password]"):
        raise CommandError(f"Could not log in as {username!r}: give --username and --password of an account.")


def _chromium() -> str | None:
    """The system's Chromium where there is one; else None, for Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None
