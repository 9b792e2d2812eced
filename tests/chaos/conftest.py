"""One product with the settings of production, broken by one test after the other."""

import socket
from collections.abc import Iterator

import pytest

from tests.chaos.site import ChaosSite
from tests.support.product import Product


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def chaos_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosSite]:
    """A running product, the same for all tests: each leaves it idle."""
    product = Product(tmp_path_factory.mktemp("chaos") / "var", {})
    try:
        yield ChaosSite.start(product, a_free_port(), product.var.parent / "files", tracklets=25)
    finally:
        product.clean_up()


@pytest.fixture(scope="package")
def narrow_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosSite]:
    """A product that gives a job little time."""
    limits = {"JOB_TIME_LIMIT_S": "5"}
    product = Product(tmp_path_factory.mktemp("narrow") / "var", limits)
    try:
        yield ChaosSite.start(product, a_free_port(), product.var.parent / "files", tracklets=50)
    finally:
        product.clean_up()
