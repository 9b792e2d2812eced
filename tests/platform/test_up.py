"""`manage.py up`, as an operator runs it."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest
from django.conf import settings

from tests.support.product import Product, wait_until
from webapp.embedded import DATABASE, database_url, redis_url
from webapp.embedded.supervisor import Supervisor

READY = "DVIS-Bench is ready on http://localhost:"
MakeProduct = Callable[..., Product]


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product with its data. Starting takes its time, so tests leave it as they like."""
    one = Product(tmp_path_factory.mktemp("up") / "a folder" / "var", {})
    yield one
    one.clean_up()


@pytest.fixture
def running(lasting: Product, free_port: int) -> Product:
    """It, started where the test before has ended it."""
    if lasting.process is None or lasting.process.poll() is not None:
        lasting.start(free_port).wait_for(READY)
    return lasting


def home_page_status(product: Product) -> int:
    with urlopen(f"{product.url}/", timeout=30) as answer:
        return int(answer.status)


def is_ready(product: Product) -> bool:
    try:
        with urlopen(f"{product.url}/readyz", timeout=30) as answer:
            return bool(answer.status == 200)
    except HTTPError:
        return False


def processes_that_know(var: Path) -> list[str]:
    """Command lines of all living processes that have the folder in their arguments or environment."""
    needle, found = os.fsencode(var), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes()
            if needle in arguments or (arguments and needle in (process / "environ").read_bytes()):
                found.append(arguments.replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has just ended
    return found


def test_it_serves_the_home_page_and_leaves_no_process_when_asked_to_stop(running: Product) -> None:
    assert home_page_status(running) == 200
    wait_until(lambda: is_ready(running), 60)
    assert is_ready(running), running.logs()
    assert len(processes_that_know(running.var)) >= 8
    assert running.stop() == 0
    assert processes_that_know(running.var) == []
    assert running.output().endswith("Stopped.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_stop_it_while_it_is_still_starting(
    product: MakeProduct, free_port: int, number: signal.Signals
) -> None:
    one = product().start(free_port)
    wait_until(lambda: (one.var / "log" / "migrate.log").exists())
    assert one.stop(number) == 0
    assert READY not in one.output()
    assert processes_that_know(one.var) == []


@pytest.mark.chaos
def test_after_a_power_cut_it_starts_again_with_its_data(running: Product, free_port: int) -> None:
    running.manage("create_token", "ada")
    running.kill_everything()

    running.start(free_port).wait_for(READY)
    assert home_page_status(running) == 200
    with psycopg.connect(database_url(running.var)) as connection:
        assert connection.execute("SELECT username FROM accounts_user").fetchall() == [("ada",)]


@pytest.mark.chaos
def test_when_it_alone_is_killed_its_children_end_and_the_next_start_works(
    running: Product, free_port: int
) -> None:
    assert running.process is not None
    running.process.kill()
    running.process.wait()
    wait_until(lambda: processes_that_know(running.var) == [], 10)
    assert processes_that_know(running.var) == []
    running.start(free_port).wait_for(READY)
    running.stop()
    assert processes_that_know(running.var) == []


@pytest.mark.chaos
@pytest.mark.parametrize(("program", "name"), [("postgres", "postgres"), ("serve\0", "web")])
def test_a_part_that_dies_is_started_again_and_one_line_says_so(
    running: Product, program: str, name: str
) -> None:
    log = running.var / "log" / f"{name}.log"
    os.kill(running.pids_of(program)[0], signal.SIGKILL)
    running.wait_for(f"{name} ended (killed by SIGKILL), starting it again in 1 s; its log is {log}\n")

    def is_well() -> bool:
        try:
            return home_page_status(running) == 200
        except OSError:
            return False

    wait_until(lambda: bool(running.pids_of(program)), 10)
    wait_until(is_well)
    assert is_well(), running.logs()


def test_a_port_in_use_is_one_sentence_that_says_what_to_do(product: MakeProduct) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        one = product().start(port)
        assert one.exit_status() == 1
    assert one.output() == (
        f"CommandError: Port {port} is in use by another program: choose another, as in PORT=8001 make up.\n"
    )


def test_a_port_that_is_none_is_refused(product: MakeProduct) -> None:
    one = product().start(70000)
    assert one.exit_status() == 1
    assert one.output() == (
        "CommandError: 70000 is not a port: choose one from 1024 to 65535, as in PORT=8001 make up.\n"
    )


def test_a_second_one_in_the_same_folder_names_the_first(
    running: Product, free_port: int, tmp_path: Path
) -> None:
    second = Product(running.var, {})
    second.log = tmp_path / "second.log"
    second.start(free_port)
    assert second.exit_status() == 1
    assert running.process is not None
    assert second.output() == (
        f"CommandError: It runs already for this folder (process {running.process.pid}, "
        f"{running.url.replace('127.0.0.1', 'localhost')}): stop that one with Ctrl-C, or start another "
        "with DVIS_BENCH_VAR=<folder> PORT=<port> make up.\n"
    )


def test_it_uses_your_own_servers_where_their_addresses_are_given(
    product: MakeProduct, free_port: int, servers: Supervisor
) -> None:
    ours = database_url(settings.VAR)
    with psycopg.connect(ours, autocommit=True) as connection:
        connection.execute("CREATE DATABASE of_an_operator")
    one = product(
        DATABASE_URL=ours.replace(f"/{DATABASE}?", "/of_an_operator?"),
        REDIS_URL=redis_url(settings.VAR).replace("virtual_host=0", "virtual_host=7"),
    ).start(free_port)
    one.wait_for(READY)
    assert home_page_status(one) == 200
    assert not (one.var / "postgres").exists()
    assert not (one.var / "valkey").exists()
    assert one.stop() == 0
    with psycopg.connect(ours) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
