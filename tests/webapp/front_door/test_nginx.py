"""The site behind nginx, as `deploy/nginx` sets it up."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.nginx import nginx_before
from tests.support.rest import TUS, bearer
from tests.support.slow_clients import SLOW, attack
from tests.webapp.front_door.test_bodies import PIECE, announce, head
from tests.webapp.front_door.test_slow_clients import largest_file, tokens


@pytest.fixture
def before(live_site: LiveSite, free_port: int, tmp_path: Path) -> Iterator[str]:
    """The address of an nginx before the live site."""
    with nginx_before(live_site.url, free_port, tmp_path / "nginx") as url:
        yield url


def test_slow_clients_delay_no_page_behind_nginx(before: str) -> None:
    found = attack(before, largest_file(), tokens(1), kinds="headers,uploads", count=30, seconds=14)
    assert found.meanwhile < max(2 * found.quiet, 1.0), found
    assert found.ended["headers"]["ended"] == found.ended["uploads"]["ended"] == 30, found


def test_a_cut_patch_goes_on_where_it_broke_and_large_bodies_are_refused_behind_nginx(
    live_site: LiveSite, before: str
) -> None:
    headers = bearer(make_user())
    path = urlsplit(announce(live_site, headers, 1_000_000)).path
    address = urlsplit(before)
    with socket.create_connection((address.hostname, address.port)) as client:
        announced = headers | PIECE | {"Upload-Offset": "0", "Content-Length": "1000000"}
        client.sendall(head(f"PATCH {path}", announced) + bytes(300_000))
        time.sleep(1)  # what nginx has taken and not passed on is lost with the connection
    answer = httpx.head(before + path, headers=headers | TUS, timeout=30)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (200, "300000")
    rest = httpx.patch(
        before + path, headers=headers | PIECE | {"Upload-Offset": "300000"}, content=bytes(700_000)
    )
    assert rest.status_code == 204
    assert httpx.post(f"{before}/accounts/login/", content=bytes(4_000_000)).status_code == 413


@pytest.mark.endure
def test_five_hundred_of_each_kind_delay_no_page_behind_nginx(before: str) -> None:
    found = attack(before, largest_file(), tokens(2), kinds=",".join(SLOW), count=500, seconds=45)
    print(f"\n500 of every kind at once, through nginx: {found}")
    assert found.meanwhile < max(2 * found.quiet, 0.25), found


@pytest.mark.endure
def test_two_hundred_honest_slow_uploads_finish_behind_nginx(before: str) -> None:
    found = attack(before, largest_file(), tokens(1), kinds="honest", count=200, seconds=60)
    print(f"\n200 honest uploads at 200 kB/s, through nginx: {found}")
    assert found.meanwhile < max(2 * found.quiet, 0.25), found
    assert found.ended["honest"]["ended"] == 200, found
