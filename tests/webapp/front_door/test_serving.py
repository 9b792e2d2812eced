"""The web server's processes, and what it does with answers."""

import io
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.live import LiveSite
from tests.support.product import wait_until
from webapp.front_door import pages


def children(site: LiveSite) -> set[int]:
    master = site.web.process.pid
    return set(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))


def test_a_process_that_is_killed_is_replaced_and_the_other_serves_meanwhile(live_site: LiveSite) -> None:
    before = children(live_site)
    assert len(before) == 2
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    for _ in range(5):
        assert httpx.get(f"{live_site.url}/robots.txt", timeout=10).status_code == 200
    wait_until(lambda: len(children(live_site) - {killed}) == 2)
    assert len(children(live_site) - {killed}) == 2


def test_a_large_answer_waits_for_its_reader_on_disk() -> None:
    small, length = pages._spooled([b"abc", b"de"])
    assert (small, length) == (b"abcde", 5)
    large, length = pages._spooled(iter([bytes(700_000)] * 3))
    assert not isinstance(large, bytes | io.BytesIO)
    assert (length, len(large.read())) == (2_100_000, 2_100_000)
    large.close()


def test_a_large_answer_stays_in_memory_where_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert pages._spooled([bytes(2_000_000)]) == (bytes(2_000_000), 2_000_000)
