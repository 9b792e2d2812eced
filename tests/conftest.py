"""Servers, site and browser for the tests: started when a test first asks for them, stopped at the end."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

from tests.support import chromium
from tests.support.emptying import empty
from tests.support.live import LiveSite
from tests.support.product import Product
from webapp.embedded import servers as embedded
from webapp.embedded import socket_folder
from webapp.embedded.supervisor import Supervisor

# What a crash would cost is of no interest here.
FAST_POSTGRES = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
WAITING = {"chaos", "platform"}
# Their tests load torch, or start programs that compile or load it: seconds each.
SLOW = {"dvis_model", "dvis", "command_line"}
SERVER_FIXTURES = {"servers", "db", "transactional_db", "django_db_setup", "product"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `make fast` leaves out: torch alone takes seconds."""
    expression: str = config.option.markexpr
    return (collection_path.name in SLOW and "not slow" in expression) or None


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what `make fast` leaves out before pytest chooses by mark, then put tests in order.

    What waits much comes first, so that two processes end at the same time. The live site comes last: it
    lasts until the session ends, and its workers answer every doorbell of the tests' broker.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        folder = item.path.parent.name
        if fixtures & SERVER_FIXTURES or item.get_closest_marker("django_db") or folder in WAITING:
            item.add_marker("server")
        if folder in SLOW or hasattr(getattr(item, "module", None), "subprocess"):
            item.add_marker("slow")
        if "browser" in fixtures:
            item.add_marker("browser")
    yield
    items.sort(key=lambda item: item.path.parent.name not in WAITING)
    # Whole files, since one process takes a file with all its tests.
    live = {item.path for item in items if "live_site" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path in live)


@pytest.fixture(scope="session")
def servers() -> Iterator[Supervisor]:
    """PostgreSQL and Valkey of this test session."""
    supervisor = Supervisor(print)
    try:
        embedded.start_postgres(supervisor, settings.VAR, FAST_POSTGRES)
        embedded.start_valkey(supervisor, settings.VAR)
        yield supervisor
    finally:
        supervisor.stop()
        shutil.rmtree(socket_folder(settings.VAR))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: Supervisor) -> Iterator[None]:
    """Have the servers running before pytest-django makes its database, which it empties as we do."""
    with pytest.MonkeyPatch.context() as patch:
        # The class: where an event loop runs, as Playwright's, Django makes another connection.
        patch.setattr(DatabaseOperations, "execute_sql_flush", lambda _, statements: empty(statements))
        yield


@pytest.fixture(scope="session")
def _site(
    servers: Supervisor, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[LiveSite]:
    with LiveSite.running() as site:
        yield site


@pytest.fixture
def live_site(_site: LiveSite, transactional_db: None) -> Iterator[LiveSite]:
    """The site as users meet it, in its own processes, on the database of the test."""
    yield _site
    _site.settle()


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Makes products, `manage.py up` with its own data: for tests that stop, kill and restart its parts."""
    made: list[Product] = []

    def make(var: Path = tmp_path / "var", **environment: str) -> Product:
        made.append(Product(var, environment))
        return made[-1]

    yield make
    for one in made:
        one.clean_up()


@pytest.fixture
def free_port() -> int:
    """A TCP port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with chromium.launched() as running:
        yield running


@pytest.fixture
def browser_page(browser: Browser, live_site: LiveSite) -> Iterator[Page]:
    """An empty page, its relative addresses the site's. A script error or CSP violation fails the test."""
    faults: list[str] = []
    context = browser.new_context(base_url=live_site.url, locale="en-GB")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    yield page
    context.close()
    assert faults == []
