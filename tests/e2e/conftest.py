"""A benchmark to submit to, and people who are logged in."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page

from tests.support.factories import OPEN, make_user
from tests.support.live import LiveSite
from webapp.benchmarks.models import Split
from webapp.benchmarks.services import benchmark_import

GOLDEN = Path(__file__).parents[1] / "parity/vis"


class Shapes:
    """A small benchmark with files to submit."""

    def __init__(self, folder: Path, case: dict[str, Any], split: Split) -> None:
        self.folder, self.good, self.split = folder, case["results"], split
        self.ground_truth = folder / "annotations.json"
        self.url = f"/benchmarks/{split.benchmark.slug}/submit/"

    def write(self, predictions: Any, name: str = "results.json", spaces: int = 0) -> Path:
        """Write predictions; `spaces` make the file larger and nothing else."""
        path = self.folder / name
        path.write_text(json.dumps(predictions) + " " * spaces)
        return path


@pytest.fixture
def shapes(live_site: LiveSite, tmp_path: Path) -> Shapes:
    case = json.loads(gzip.decompress((GOLDEN / "plain.json.gz").read_bytes()))
    ground_truth = tmp_path / "annotations.json"
    ground_truth.write_text(json.dumps(case["gt"]))
    done = benchmark_import(
        slug="shapes", evaluator="ovis", split="val", ground_truth=ground_truth, rules=OPEN, name="Shapes"
    )
    return Shapes(tmp_path, case, done.split)


@pytest.fixture
def open_page(browser: Browser, live_site: LiveSite) -> Iterator[Callable[..., Page]]:
    """Opens pages in which Alice has logged in; with `url` by another way to the site."""
    alice = make_user("alice")
    contexts = []
    faults: list[str] = []

    def make(url: str = live_site.url, **options: Any) -> Page:
        http = Client()
        http.force_login(alice)
        cookie = {"name": "sessionid", "value": http.cookies["sessionid"].value, "url": url}
        context = browser.new_context(base_url=url, locale="en-GB", **options)
        contexts.append(context)
        context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict with more optional keys
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []
