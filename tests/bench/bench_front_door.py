"""The front door: how long a page takes beside slow clients, all of them from one address.

Slow clients of each kind: a header line each 2 s, a body or an upload of one byte each 2 s, 512 bytes read
each 2 s of the largest script. Meanwhile the home page is asked for ten times per second. Clients and site
share the machine. Honest clients upload 2 MB at 200 kB/s.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.figures import Figures
from tests.support.live import LiveSite
from tests.support.nginx import nginx_before
from tests.support.slow_clients import SLOW, Attack, attack
from tests.support.upload_figures import processes_of, rss_mb
from tests.webapp.front_door.test_slow_clients import largest_file, most_memory, tokens

CASES = [*((kind, 500) for kind in SLOW), (",".join(SLOW), 500), ("honest", 200), ("readers", 200)]


@pytest.fixture(params=["direct", "nginx"])
def door(
    request: pytest.FixtureRequest, live_site: LiveSite, free_port: int, tmp_path: Path
) -> Iterator[str]:
    """The address of the site, or of an nginx before it."""
    with ExitStack() as stack:
        behind = request.param == "nginx"
        yield (
            stack.enter_context(nginx_before(live_site.url, free_port, tmp_path / "nginx"))
            if behind
            else live_site.url
        )


@pytest.mark.parametrize(("kinds", "count"), CASES)
def test_slow_clients_delay_no_page(
    live_site: LiveSite, door: str, kinds: str, count: int, figures: Figures
) -> None:
    before = sum(map(rss_mb, processes_of(live_site)))
    with most_memory(live_site) as peak:
        found = attack(door, largest_file(), tokens(3), kinds=kinds, count=count, seconds=35)
    figures.add(
        {
            "clients": f"{count} of every kind" if "," in kinds else f"{count} {kinds}",
            "through": "nginx" if door != live_site.url else "nothing",
            "page, p95 quiet, ms": f"{1000 * found.quiet:.0f}",
            "meanwhile, ms": f"{1000 * found.meanwhile:.0f}",
            "ended within 35 s": _ended(found),
            "more memory, MB": f"{peak[0] - before:.0f}",
        }
    )
    assert found.meanwhile < max(2 * found.quiet, 0.25), found


def _ended(found: Attack) -> str:
    return ", ".join(f"{kind} {end['ended']:.0f} ({end['last']:.0f} s)" for kind, end in found.ended.items())
