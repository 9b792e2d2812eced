"""Static files: hashed names, compressed once, kept by browsers for a year."""

import gzip
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import httpx
import pytest
from django.conf import settings

from tests.support.live import LiveSite

FOR_A_YEAR = "public, max-age=31536000, immutable"


def hashed(name: str) -> str:
    names = json.loads((Path(settings.STATIC_ROOT) / "staticfiles.json").read_text())["paths"]
    return f"/static/{names[name]}"


def test_every_file_of_a_page_has_a_hashed_name_and_is_kept_for_a_year(live_site: LiveSite) -> None:
    waiting = {
        "/",
        "/api/v1/docs",
        "/accounts/login/",
        hashed("webapp/js/submit.js"),
        hashed("admin/css/base.css"),
    }
    seen = set()
    while waiting:
        address = waiting.pop()
        seen.add(address)
        answer = httpx.get(live_site.url + address, follow_redirects=True)
        assert answer.status_code == 200, address
        if address.startswith("/static/"):
            assert re.search(r"\.[0-9a-f]{12}\.\w+$", address)
            assert answer.headers["Cache-Control"] == FOR_A_YEAR
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        folder = address.rpartition("/")[0]
        found = set(re.findall(r"""(?:src|href|data-\w+)="(/static/[^"]+)\"""", answer.text))
        if "/webapp/js/" in address:
            found |= {f"{folder}/{name}" for name in re.findall(r"""from "\./([^"]+)\"""", answer.text)}
        waiting |= found - seen
    assert len([address for address in seen if "/webapp/js/" in address]) >= 5


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0", "")]
)
def test_scripts_are_sent_compressed(live_site: LiveSite, accepted: str, encoding: str) -> None:
    script = live_site.url + hashed("webapp/vendor/plotly-cartesian.min.js")
    plain = httpx.get(script, headers={"Accept-Encoding": "identity"})
    with httpx.stream("GET", script, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("Content-Encoding", "") == encoding
    assert int(answer.headers["Content-Length"]) == len(raw)
    unpacked = {"br": brotli.decompress, "gzip": gzip.decompress}.get(encoding, bytes)(raw)
    assert unpacked == plain.content
    if encoding:
        assert len(raw) < 0.35 * len(plain.content)


def test_a_page_is_compressed(live_site: LiveSite) -> None:
    answer = httpx.get(f"{live_site.url}/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-99", 206, slice(0, 100)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-50", 206, slice(-50, None)),
        ("bytes=10-999999999999", 206, slice(10, None)),
        ("bytes=5-2", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=999999999-", 416, slice(0, 0)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_range_of_a_file_is_sent(live_site: LiveSite, asked: str, status: int, span: slice) -> None:
    url = live_site.url + hashed("webapp/css/base.css")
    whole = (Path(settings.STATIC_ROOT) / hashed("webapp/css/base.css").removeprefix("/static/")).read_bytes()
    answer = httpx.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, whole[span])
    if status == 206:
        first, last, size = map(int, re.findall(r"\d+", answer.headers["Content-Range"]))
        assert (whole[first : last + 1], size) == (answer.content, len(whole))


def test_a_known_file_is_not_sent_again_and_head_sends_none(live_site: LiveSite) -> None:
    url = live_site.url + hashed("webapp/css/base.css")
    head = httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0
    known = httpx.get(url, headers={"If-None-Match": head.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert httpx.post(url).status_code == 405


@pytest.mark.parametrize(
    "path", ["/static/none.js", "/static/../settings.py", "/static/%2e%2e/settings.py", "/static/", "/static"]
)
def test_other_names_are_not_found(live_site: LiveSite, path: str) -> None:
    address = urlsplit(live_site.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 404")
