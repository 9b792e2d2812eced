"""One file by every door: the same digest everywhere, and the official numbers."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient

from evaluator import evaluate
from tests.support.davis import (
    davis_official,
    make_davis_split,
    write_davis_ground_truth,
    write_davis_results,
)
from tests.support.factories import OPEN, make_user
from tests.support.live import LiveSite
from tests.support.map_benchmarks import MAKERS
from tests.support.rest import make_token
from webapp.benchmarks.services import benchmark_import

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    make_davis_split()
    return write_davis_results(tmp_path)


def by_tus_and_api(url: str, token: str, slug: str, results: Path) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    with results.open("rb") as file:
        uploader = TusClient(f"{url}/api/v1/uploads", headers=headers).uploader(file_stream=file)
        uploader.upload()
    body = {"benchmark": slug, "split": "val", "method": "Method by API"}
    body["upload"] = str(uploader.url).rpartition("/")[2]
    answer = httpx.post(f"{url}/api/v1/submissions", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def by_client(url: str, token: str, slug: str, results: Path) -> str:
    access = {"DVIS_BENCH_SERVER": url, "DVIS_BENCH_TOKEN": token, "HOME": str(results.parent)}
    command = [sys.executable, "-m", "webapp.client", "submit", slug, str(results), "--split", "val"]
    done = subprocess.run(
        [*command, "--method", "Method by client", "--wait", "--json"],
        cwd=ROOT,
        env=os.environ | access,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return str(json.loads(done.stdout)["id"])


def by_plain_form(url: str, username: str, slug: str, results: Path) -> str:
    """As a browser without scripts: log in, fill in the form, send it with the file."""
    with httpx.Client(base_url=url, follow_redirects=True) as browser:

        def send(path: str, fields: dict[str, str], **files: Any) -> httpx.Response:
            form = browser.get(path)
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
            assert token, form.text
            fields = {"csrfmiddlewaretoken": token[1], **fields}
            return browser.post(path, data=fields, headers={"Referer": url}, **files)

        send("/accounts/login/", {"login": username, "password": "a long password"})
        with results.open("rb") as file:
            fields = {"method_name": "Method by form", "variant_name": "default", "visibility": "public"}
            page = send(f"/benchmarks/{slug}/submit/?split=val", fields, files={"file": (results.name, file)})
    assert "/submissions/" in str(page.url), page.text
    return str(page.url).strip("/").rpartition("/")[2]


def scored(url: str, token: str, id: str) -> dict[str, Any]:
    for _ in range(300):
        answer = httpx.get(f"{url}/api/v1/submissions/{id}", headers={"Authorization": f"Bearer {token}"})
        document: dict[str, Any] = answer.json()
        if document["status"] not in ("received", "queued", "running"):
            assert document["status"] == "scored", document
            return document
        time.sleep(0.2)
    raise AssertionError(f"not scored in a minute: {document}")


def by_every_door(url: str, slug: str, results: Path) -> list[dict[str, Any]]:
    """Send one file by all three, and return the scored submissions."""
    # Three people: the same file of one person would be answered without another evaluation.
    people = [make_user(name, password="a long password") for name in ("ann", "ben", "cat")]
    tokens = [make_token(person) for person in people]
    ids = [
        by_tus_and_api(url, tokens[0], slug, results),
        by_client(url, tokens[1], slug, results),
        by_plain_form(url, "cat", slug, results),
    ]
    return [scored(url, token, id) for token, id in zip(tokens, ids, strict=True)]


def test_a_real_file_gets_one_digest_and_the_official_numbers_by_every_door(
    live_site: LiveSite, results: Path, tmp_path: Path
) -> None:
    documents = by_every_door(live_site.url, "davis", results)
    local = evaluate("ytvis2019", write_davis_ground_truth(tmp_path), results)
    assert {document["digest"] for document in documents} == {local.digest}
    official = davis_official()
    for document in documents:
        for metric in local.metrics:
            assert document["metrics"][metric] == pytest.approx(official[metric], abs=1e-9), metric


@pytest.mark.parametrize("evaluator", MAKERS)
def test_an_archive_of_maps_gets_one_digest_by_every_door(
    live_site: LiveSite, evaluator: str, tmp_path: Path
) -> None:
    made = MAKERS[evaluator](tmp_path)
    benchmark_import(slug="maps", evaluator=evaluator, split="val", ground_truth=made.truth, rules=OPEN)
    documents = by_every_door(live_site.url, "maps", made.good)
    local = evaluate(evaluator, made.truth, made.good)
    assert {document["digest"] for document in documents} == {local.digest}
    assert [document["metrics"] for document in documents] == [local.metrics] * 3
