"""The check of the submit page, run in a real browser on files of our own."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page

from evaluator.catalog import BENCHMARKS
from evaluator.ground_truths import describe_ground_truth
from evaluator.problems import PROBLEMS

SCRIPTS = Path(__file__).parents[2] / "webapp/static/webapp/js"
# Chromium reads what evaluate() is given as JSON: files travel as base64.
CHECK = """
async ([files, split]) => {
  const verdicts = [];
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const worker = new Worker('check_worker.js', {type: 'module'});
    const {verdict, fault} = await new Promise((resolve) => {
      worker.onmessage = ({data}) => { if (!data.total) resolve(data); };
      worker.onerror = (error) => resolve({fault: error.message});
      worker.postMessage({file: new File([bytes], name), split});
    });
    worker.terminate();
    if (fault) throw new Error(`${name}: ${fault}`);
    verdicts.push(verdict);
  }
  return verdicts;
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Checker:
    """Runs the worker script of the page, served from its folder."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    @contextmanager
    def running(cls, browser: Browser) -> Iterator["Checker"]:
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=SCRIPTS)) as server:
            thread = Thread(target=server.serve_forever)
            thread.start()
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/check_worker.js")
            yield cls(page)
            page.close()
            server.shutdown()
            thread.join()

    def check(self, split: dict[str, Any], *files: Path) -> list[dict[str, Any]]:
        """The raw verdicts on some files."""
        texts = [(path.name, base64.b64encode(path.read_bytes()).decode()) for path in files]
        verdicts: list[dict[str, Any]] = self.page.evaluate(CHECK, [texts, split])
        return verdicts


def split_of(benchmark: str, ground_truth: Path) -> dict[str, Any]:
    """What the submit page hands over."""
    summary = describe_ground_truth(benchmark, ground_truth)
    return {
        "task": BENCHMARKS[benchmark].task,
        "videos": [asdict(video) for video in summary.videos],
        "categories": [category.id for category in summary.categories],
        "problems": {code: asdict(spec) for code, spec in PROBLEMS.items()},
    }


def lines(problems: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Problems as (code, place), for a comparison: warnings have no place that both sides must name."""
    return [
        (problem["code"], json.dumps(problem["where"], sort_keys=True))
        for problem in problems
        if problem["severity"] == "error" and problem["count"] == 1
    ]
