"""docs/deploy.md to the letter: from its settings to an organiser and a participant who are logged in."""

import os
import pty
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from email.message import Message
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from tests.support.product import Product

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse 9"
READY = "DVIS-Bench is ready on"


class Inbox(MessageHandler):  # type: ignore[misc]  # aiosmtpd has no types
    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


@pytest.fixture
def mail_server() -> Iterator[Controller]:
    """A real SMTP server, whose `handler` has the mails."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def visitors() -> Iterator[ExitStack]:
    """Where browsers are left to be closed."""
    with ExitStack() as stack:
        yield stack


def settings_of_the_document() -> dict[str, str]:
    """What the page tells to write into .env."""
    text = (ROOT / "docs" / "deploy.md").read_text()
    block = text.partition("Write into `.env`, with your names:\n\n")[2].partition("\n\n")[0]
    lines = [line.strip().partition("=") for line in block.splitlines()]
    assert len(lines) > 5
    return {name: value for name, _, value in lines}


def create_superuser(product: Product) -> None:
    """Answer the questions of `manage.py createsuperuser`, at a terminal as a person has one."""
    answers = {"Username": "ada", "E-mail": "ada@example.org", "Password:": PASSWORD, "(again)": PASSWORD}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "manage.py", "createsuperuser"], product.environment)
    seen = ""
    for question, answer in answers.items():
        while question not in seen:
            seen += os.read(terminal, 1000).decode()
        os.write(terminal, f"{answer}\n".encode())
        seen = ""
    while "created successfully" not in seen:
        seen += os.read(terminal, 1000).decode()
    assert os.waitpid(pid, 0)[1] == 0


def visitor(product: Product, address: str) -> httpx.Client:
    """A browser elsewhere, as the proxy of deploy/nginx passes its requests on."""
    headers = {
        "Host": "bench.example.org",
        "X-Forwarded-For": address,
        "X-Forwarded-Proto": "https",
        "Referer": "https://bench.example.org/",
    }
    return httpx.Client(base_url=product.url, headers=headers, timeout=60)


def post(client: httpx.Client, path: str, form: dict[str, str]) -> httpx.Response:
    """Send a form as a browser does; its cookies are for https alone, so they are carried by hand."""
    page = client.get(path, headers=_cookies(client))
    _keep_cookies(client, page)
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found, page.text
    answer = client.post(path, data={"csrfmiddlewaretoken": found[1], **form}, headers=_cookies(client))
    _keep_cookies(client, answer)
    return answer


def _cookies(client: httpx.Client) -> dict[str, str]:
    kept: dict[str, str] = getattr(client, "kept", {})
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())} if kept else {}


def _keep_cookies(client: httpx.Client, answer: httpx.Response) -> None:
    kept: dict[str, str] = getattr(client, "kept", {})
    for line in answer.headers.get_list("set-cookie"):
        name, _, value = line.partition(";")[0].partition("=")
        kept[name] = value
    client.kept = kept  # type: ignore[attr-defined]  # ours


def open_to_others(var: Path) -> list[str]:
    """What other users of the machine could do anything with."""
    found = []
    for path in (var, *var.rglob("*")):
        with suppress(FileNotFoundError):  # the servers go on writing and deleting
            if not path.is_symlink() and path.stat().st_mode & 0o077:
                found.append(str(path))
    return found


def test_a_demo_site_becomes_a_host_whose_organiser_and_participants_can_log_in(
    product: Callable[..., Product], free_port: int, mail_server: Any, visitors: ExitStack
) -> None:
    one = product()
    (one.var / "log").mkdir(parents=True)
    (one.var / "log" / "web.log").write_text("a link to a new password\n")
    for left, mode in ((one.var, 0o755), (one.var / "log", 0o755), (one.var / "log" / "web.log", 0o644)):
        left.chmod(mode)  # as earlier versions left them
    one.start(free_port).wait_for(READY, 240)
    assert httpx.get(one.url, headers={"X-Forwarded-For": "203.0.113.1"}).status_code == 403
    one.manage("shell", "-c", "from webapp.demo.accounts import demo_log_ins as make; make()")
    one.stop()

    one.environment |= settings_of_the_document()
    one.environment["EMAIL_URL"] = f"smtp://127.0.0.1:{mail_server.port}"
    one.start(free_port, demo=()).wait_for(READY, 240)
    said = one.output()
    assert "(admin, demo) are closed now" in said
    assert "createsuperuser" in said
    assert "password" not in said.lower()
    assert not (one.var / "log" / "load_demo.log").exists()
    create_superuser(one)

    organiser, stranger, again, participant = (
        visitors.enter_context(visitor(one, address))
        for address in ("198.51.100.7", "203.0.113.1", "198.51.100.9", "192.0.2.1")
    )
    assert post(organiser, "/accounts/login/", {"login": "ada", "password": PASSWORD}).status_code == 302
    admin = organiser.get("/admin/", headers=_cookies(organiser))
    assert (admin.status_code, "Benchmarks" in admin.text) == (200, True)

    for name in ("demo", "admin", "ada", "ada", "ada", "ada", "ada", "ada"):
        answer = post(stranger, "/accounts/login/", {"login": name, "password": "demo"})
        where = answer.headers.get("location", "back to the form")
        assert where in ("back to the form", "/accounts/inactive/"), name
    assert post(again, "/accounts/login/", {"login": "ada", "password": PASSWORD}).status_code == 302

    form = {"email": "bob@example.org", "username": "bob", "password1": PASSWORD}
    assert "confirm" in post(participant, "/accounts/signup/", form).headers["location"]
    (mail,) = mail_server.handler.mails
    link = re.search(r"https://bench\.example\.org(/accounts/confirm-email/\S+)", mail.get_payload())
    assert link, mail.get_payload()
    post(participant, link[1], {})
    assert post(participant, "/accounts/login/", {"login": "bob", "password": PASSWORD}).status_code == 302
    assert participant.get("/submissions/", headers=_cookies(participant)).status_code == 200

    assert open_to_others(one.var) == []
