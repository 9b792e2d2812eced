"""A first start killed, as by a power cut, at many moments; tests/platform/test_migrate.py has the worst."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.product import Product, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.endure]
# Migrations of a first start, by how many lines their command has printed.
MOMENTS = range(2, 60, 3)


@pytest.mark.parametrize("lines", MOMENTS)
def test_a_start_that_was_killed_is_followed_by_one_that_works(
    product: Callable[..., Product], free_port: int, tmp_path: Path, lines: int
) -> None:
    one = product()
    one.start(free_port)
    printed = one.var / "log" / "migrate.out"
    wait_until(lambda: printed.exists() and len(printed.read_text().splitlines()) >= lines, 60)
    one.kill_everything()
    one.start(free_port).wait_for("DVIS-Bench is ready on", 180)
