"""The embedded servers, without the site."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from webapp.embedded import (
    EmbeddedError,
    database_url,
    postgres,
    processes,
    secret_key,
    servers,
    socket_folder,
    valkey,
    valkey_socket,
)
from webapp.embedded.privileges import Account, account_for, drop_to
from webapp.embedded.supervisor import Supervisor

NOBODY = Account(65534, 65534)
# What a child process does that is to be killed, or to run as another user.
START_AND_WAIT = """
import sys
from pathlib import Path
from webapp.embedded import servers
from webapp.embedded.supervisor import Supervisor
supervisor = Supervisor(print)
supervisor.stop_on_signals()
try:
    servers.start_postgres(supervisor, Path(sys.argv[1]))
    servers.start_valkey(supervisor, Path(sys.argv[1]))
    print("ready", flush=True)
    supervisor.watch()
finally:
    supervisor.stop()
"""


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """A folder far too long for a unix socket, with a space in it."""
    folder = tmp_path / "a folder with spaces" / ("long-" * 30) / "var"
    folder.mkdir(parents=True)
    yield folder
    processes.end(running(folder), signal.SIGKILL, 5)
    if socket_folder(folder).exists():
        for path in socket_folder(folder).iterdir():
            path.unlink()
        socket_folder(folder).rmdir()


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    one = Supervisor(print)
    yield one
    one.stop()


def start_both(supervisor: Supervisor, var: Path) -> None:
    servers.start_postgres(supervisor, var)
    servers.start_valkey(supervisor, var)


def running(var: Path) -> list[int]:
    """The first process of each server that runs on `var`."""
    return [
        *processes.running_with("postgres", postgres.data_folder(var)),
        *processes.running_with("valkey-server", valkey_socket(var)),
    ]


def started_by_a_child(var: Path) -> subprocess.Popen[str]:
    """Another process that keeps the servers of `var` running."""
    child = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(var)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.stdout.close()
    return child


def test_they_start_below_a_long_path_with_a_space_and_stop_without_a_trace(
    supervisor: Supervisor, var: Path
) -> None:
    start_both(supervisor, var)
    assert len(running(var)) == 2
    supervisor.stop()
    assert running(var) == []


def test_they_listen_on_private_unix_sockets_alone(supervisor: Supervisor, var: Path) -> None:
    start_both(supervisor, var)
    with psycopg.connect(database_url(var)) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with redis.Redis(unix_socket_path=str(valkey_socket(var))) as client:
        assert client.config_get("port") == {"port": "0"}
    assert socket_folder(var).stat().st_mode & 0o777 == 0o700


def test_a_second_start_keeps_the_data(supervisor: Supervisor, var: Path) -> None:
    start_both(supervisor, var)
    with psycopg.connect(database_url(var)) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")
    with redis.Redis(unix_socket_path=str(valkey_socket(var))) as client:
        client.rpush("queue", "message")
    supervisor.stop()

    start_both(supervisor, var)
    with psycopg.connect(database_url(var)) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("here",)
    with redis.Redis(unix_socket_path=str(valkey_socket(var))) as client:
        assert client.lrange("queue", 0, -1) == [b"message"]


def test_a_database_that_was_dropped_is_made_again(supervisor: Supervisor, var: Path) -> None:
    start_both(supervisor, var)
    admin = database_url(var).replace("/dvis_bench?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP DATABASE dvis_bench")
    supervisor.stop()

    start_both(supervisor, var)
    with psycopg.connect(database_url(var)) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("dvis_bench",)


@pytest.mark.chaos
def test_they_start_again_after_everything_was_killed(supervisor: Supervisor, var: Path) -> None:
    child = started_by_a_child(var)
    pids = running(var)
    for pid in [child.pid, *pids]:
        os.kill(pid, signal.SIGKILL)
    child.wait()
    pid_file = postgres.data_folder(var) / "postmaster.pid"
    assert pid_file.exists()
    # The number in it may by now be any other process's, such as ours, which runs on.
    pid_file.write_text(pid_file.read_text().replace(str(pids[0]), str(os.getpid()), 1))

    start_both(supervisor, var)
    assert len(running(var)) == 2


@pytest.mark.chaos
def test_they_end_when_their_parent_is_killed(var: Path) -> None:
    child = started_by_a_child(var)
    child.kill()
    child.wait()
    wait_for_none(var)
    assert running(var) == []


@pytest.mark.chaos
def test_servers_that_outlived_their_parent_are_replaced(supervisor: Supervisor, var: Path) -> None:
    child = started_by_a_child(var)
    before = running(var)
    for pid in before:
        os.kill(pid, signal.SIGSTOP)  # so that the death of the parent cannot end them
    child.kill()
    child.wait()
    assert running(var) == before
    for pid in before:
        os.kill(pid, signal.SIGCONT)

    start_both(supervisor, var)
    assert len(running(var)) == 2
    assert set(running(var)).isdisjoint(before)


@pytest.mark.chaos
def test_a_broker_whose_files_are_damaged_starts_empty_and_keeps_them_aside(
    supervisor: Supervisor, var: Path
) -> None:
    start_both(supervisor, var)
    with redis.Redis(unix_socket_path=str(valkey_socket(var))) as client:
        client.rpush("queue", "message")
    supervisor.stop()
    for path in valkey.data_folder(var).glob("appendonlydir/*"):
        path.write_bytes(b"this is no append-only file")

    start_both(supervisor, var)
    with redis.Redis(unix_socket_path=str(valkey_socket(var))) as client:
        assert client.llen("queue") == 0
    assert (var / "valkey.unreadable.1" / "appendonlydir").is_dir()


def test_they_run_as_an_ordinary_user(var: Path) -> None:
    user = os.getuid() or NOBODY.uid
    os.chown(var, user, -1)
    libc = ctypes.CDLL(None)
    stop_at_once = START_AND_WAIT.replace("supervisor.watch()", "import os; print(os.getuid())")
    done = subprocess.run(
        [sys.executable, "-c", stop_at_once, str(var)],
        preexec_fn=None if os.getuid() else lambda: drop_to(NOBODY, libc),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"ready\n{user}\n"
    assert (var / "postgres").stat().st_uid == user
    Path(str(socket_folder(var)).replace(f"-{os.getuid()}-", f"-{user}-")).rmdir()


def test_a_socket_folder_that_others_can_enter_is_refused(supervisor: Supervisor, var: Path) -> None:
    socket_folder(var).mkdir()
    socket_folder(var).chmod(0o755)
    with pytest.raises(EmbeddedError, match="is not a private folder of yours: remove it"):
        servers.start_valkey(supervisor, var)


def test_a_link_in_place_of_the_socket_folder_is_refused(
    supervisor: Supervisor, var: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    socket_folder(var).symlink_to(elsewhere)
    try:
        with pytest.raises(EmbeddedError, match="is not a private folder of yours: remove it"):
            servers.start_valkey(supervisor, var)
    finally:
        socket_folder(var).unlink()


def test_root_runs_postgresql_as_the_owner_of_its_data(var: Path) -> None:
    data = postgres.data_folder(var)
    if os.getuid() == 0:
        data.mkdir()
        os.chown(data, 12345, 12346)
        assert account_for(data) == Account(12345, 12346)
    else:
        assert account_for(data) is None


def test_the_secret_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = secret_key(tmp_path)
    assert len(first) >= 50
    assert secret_key(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("broken", [b"", b"\n", bytes(67), b"short", b"\xff" * 67])
def test_a_secret_key_that_a_power_cut_left_broken_is_made_again(
    tmp_path: Path, broken: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret_key").write_bytes(broken)
    key = secret_key(tmp_path)
    assert len(key) >= 50
    assert secret_key(tmp_path) == key
    assert capsys.readouterr().err == (
        f"{tmp_path}/secret_key was empty or broken: a new key is made, and everybody has to log in again.\n"
    )


def wait_for_none(var: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while running(var) and time.monotonic() < deadline:
        time.sleep(0.1)
