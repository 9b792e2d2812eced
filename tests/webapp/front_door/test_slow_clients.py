"""Clients that send or read too slowly hold nothing that others need."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from django.conf import settings

from tests.support.factories import make_user
from tests.support.live import LiveSite
from tests.support.rest import make_token
from tests.support.slow_clients import SLOW, attack
from tests.support.upload_figures import processes_of, rss_mb
from webapp.uploads.models import Upload


def largest_file() -> str:
    """The address of the largest script of the site."""
    root = Path(settings.STATIC_ROOT)
    names = json.loads((root / "staticfiles.json").read_text())["paths"].values()
    return "/static/" + max(
        (name for name in names if name.endswith(".js")), key=lambda name: (root / name).stat().st_size
    )


def tokens(count: int) -> list[str]:
    """One for each person: what a person may ask per minute is bounded."""
    return [make_token(make_user()) for _ in range(count)]


def test_slow_clients_of_every_kind_are_ended_and_delay_no_page(live_site: LiveSite) -> None:
    found = attack(live_site.url, largest_file(), tokens(1), kinds=",".join(SLOW), count=40, seconds=22)
    assert found.meanwhile < max(2 * found.quiet, 1.0), found
    for kind in SLOW:
        assert found.ended[kind]["ended"] == 40, found


@pytest.mark.endure
def test_five_hundred_of_each_kind_delay_no_page(live_site: LiveSite) -> None:
    for kind in SLOW:
        found = attack(live_site.url, largest_file(), tokens(2), kinds=kind, count=500, seconds=45)
        print(f"\n500 slow {kind}: {found}")
        assert found.meanwhile < max(2 * found.quiet, 0.25), found
        assert found.ended[kind]["ended"] == 500, found
    found = attack(live_site.url, largest_file(), tokens(2), kinds=",".join(SLOW), count=500, seconds=45)
    print(f"\n500 of every kind at once: {found}")
    assert found.meanwhile < max(2 * found.quiet, 0.25), found


@pytest.mark.endure
def test_two_hundred_honest_slow_uploads_finish_and_delay_no_page(live_site: LiveSite) -> None:
    found = attack(live_site.url, largest_file(), tokens(1), kinds="honest", count=200, seconds=60)
    print(f"\n200 honest uploads at 200 kB/s: {found}")
    assert found.meanwhile < max(2 * found.quiet, 0.25), found
    assert found.ended["honest"]["ended"] == 200, found
    assert Upload.objects.filter(blob__isnull=False).count() == 200


@pytest.mark.endure
def test_two_hundred_slow_readers_of_the_largest_file_cost_less_than_100_mb(live_site: LiveSite) -> None:
    with most_memory(live_site) as peak:
        before = sum(map(rss_mb, processes_of(live_site)))
        attack(live_site.url, largest_file(), tokens(1), kinds="readers", count=200, seconds=12)
    print(f"\n200 slow readers: {before:.0f} MB before, at most {peak[0]:.0f} MB meanwhile")
    assert peak[0] - before < 100


@contextmanager
def most_memory(site: LiveSite) -> Iterator[list[float]]:
    """The most that the processes of the web server take together, in MB, while this is entered."""
    peak, done = [0.0], Event()

    def watch() -> None:
        while not done.wait(0.2):
            peak[0] = max(peak[0], sum(map(rss_mb, processes_of(site))))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
