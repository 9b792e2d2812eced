"""Retries and errors of the client, against a small server of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from webapp.client import connection as module
from webapp.client.connection import TRIES, Connection, pause_s
from webapp.client.credentials import Credentials
from webapp.client.errors import ClientError, Exit


@contextmanager
def server(answers: list[tuple[int, dict[str, str], str]]) -> Iterator[str]:
    """Gives these answers, one a request; the last one for ever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(module.time, "sleep", taken.append)
    return taken


def get(url: str) -> Any:
    connection = Connection(Credentials(url, "token"))
    try:
        return connection.get("/benchmarks").json()
    finally:
        connection.http.close()


def problem(status: int, detail: str) -> str:
    return json.dumps(
        {"type": "about:blank", "title": "t", "status": status, "detail": detail, "problems": []}
    )


def test_a_server_that_is_being_restarted_is_asked_again(pauses: list[float]) -> None:
    with server([(502, {}, ""), (503, {}, ""), (200, {}, '{"ok": 1}')]) as url:
        assert get(url) == {"ok": 1}
    assert len(pauses) == 2


def test_a_throttled_request_waits_as_long_as_it_is_told(pauses: list[float]) -> None:
    with server([(429, {"Retry-After": "7"}, ""), (200, {}, "{}")]) as url:
        get(url)
    assert len(pauses) == 1
    assert 7 <= pauses[0] <= 8


def test_a_refusal_for_the_quota_is_not_asked_again(pauses: list[float]) -> None:
    with (
        server([(429, {"Retry-After": "3600"}, problem(429, "Your quota is used up."))]) as url,
        pytest.raises(ClientError) as error,
    ):
        get(url)
    assert (str(error.value), error.value.exit_status, pauses) == (
        "Your quota is used up.",
        Exit.UNREACHABLE,
        [],
    )


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [(401, 4), (403, 4), (409, 4), (404, 2), (422, 2), (413, 1), (500, 3)],
)
def test_what_the_server_says_decides_the_exit_status(
    pauses: list[float], status: int, exit_status: int
) -> None:
    with (
        server([(status, {}, problem(status, "No."))]) as url,
        pytest.raises(ClientError, match=r"No\.") as error,
    ):
        get(url)
    assert error.value.exit_status == exit_status


def test_another_kind_of_server_is_told_apart(pauses: list[float]) -> None:
    with (
        server([(404, {"Content-Type": "text/html"}, "<h1>nginx</h1>")]) as url,
        pytest.raises(ClientError, match="Is this the address of a DVIS-Bench server"),
    ):
        get(url)


def test_nobody_at_the_address_ends_after_some_tries(free_port: int, pauses: list[float]) -> None:
    with pytest.raises(ClientError, match="cannot be reached") as error:
        get(f"http://127.0.0.1:{free_port}")
    assert error.value.exit_status == Exit.UNREACHABLE
    assert len(pauses) == TRIES - 1


def test_pauses_grow_and_have_a_limit() -> None:
    assert [pause_s(tries, lambda: 1.0) for tries in (0, 1, 2, 10)] == [0.5, 1.0, 2.0, 30.0]
    assert pause_s(0, lambda: 0.0) == 0.25


def test_without_httpx_the_command_says_how_to_get_it() -> None:
    script = "import sys; sys.modules['httpx'] = None; from webapp.client import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "dvis-bench needs the library httpx: pip install 'dvis-bench[client]'\n"
