"""What is taken of a request: bounded before it is read, kept where it is cut."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client

from tests.support.factories import make_split, make_user
from tests.support.live import LiveSite
from tests.support.product import wait_until
from tests.support.rest import TUS, bearer
from tests.support.upload_figures import processes_of, rss_mb
from webapp.blobs.storage import blob_bytes
from webapp.front_door.connections import REST_BYTES
from webapp.front_door.pages import BODY_BYTES
from webapp.uploads.files import upload_file
from webapp.uploads.models import Upload

PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
ENDLESS = 10 * 10**9


def connect(site: LiveSite) -> socket.socket:
    address = urlsplit(site.url)
    return socket.create_connection((address.hostname, address.port), timeout=30)


def head(line: str, headers: dict[str, str]) -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def announce(site: LiveSite, headers: dict[str, str], length: int) -> str:
    answer = httpx.post(f"{site.url}/api/v1/uploads", headers=headers | TUS | {"Upload-Length": str(length)})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def bytes_written(site: LiveSite) -> int:
    """Bytes that the web server's processes have sent to disk."""
    master = site.web.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    lines = [line for pid in children for line in Path(f"/proc/{pid}/io").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


@pytest.mark.parametrize(
    ("path", "framing"),
    [
        ("/accounts/login/", {"Content-Length": str(ENDLESS)}),
        ("/accounts/login/", {"Transfer-Encoding": "chunked"}),
        ("/api/v1/submissions", {"Content-Length": str(ENDLESS)}),
        ("/api/v1/uploads", {"Content-Length": str(ENDLESS), "Content-Type": "application/json"}),
        (
            "/benchmarks/none/",
            {"Content-Length": str(ENDLESS), "Content-Type": "multipart/form-data; boundary=x"},
        ),
    ],
)
def test_a_body_of_10_gb_is_refused_and_writes_nothing(
    live_site: LiveSite, path: str, framing: dict[str, str]
) -> None:
    before, sent = bytes_written(live_site), 0
    with connect(live_site) as client:
        client.sendall(head(f"POST {path}", framing))
        piece = b"100000\r\n" + bytes(0x100000) + b"\r\n" if "Transfer-Encoding" in framing else bytes(2**20)
        try:
            while sent < ENDLESS:
                client.sendall(piece)
                sent += len(piece)
        except OSError:
            pass  # the server has hung up
    # As much as is thrown away after the answer, and what the kernel held on the way.
    assert sent < REST_BYTES + 64 * 2**20
    assert bytes_written(live_site) - before < 3_000_000
    with connect(live_site) as client:
        client.sendall(head(f"POST {path}", framing))
        client.sendall(b"300000\r\n" + bytes(0x300000) if "Transfer-Encoding" in framing else bytes(1000))
        answer = client.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    if path.startswith("/api/"):
        assert "application/problem+json" in answer


def test_a_body_of_a_page_may_have_two_and_a_half_megabytes(live_site: LiveSite) -> None:
    for size, status in ((BODY_BYTES - 100, 403), (BODY_BYTES + 1, 413)):
        answer = httpx.post(f"{live_site.url}/accounts/login/", data={"x": "x" * (size - 2)})
        assert answer.status_code == status


def test_headers_may_have_16_kb(live_site: LiveSite) -> None:
    assert httpx.get(f"{live_site.url}/robots.txt", headers={"X": "x" * 15000}).status_code == 200
    with connect(live_site) as client:
        client.sendall(head("GET /robots.txt", {"X": "x" * 20000}))
        assert client.recv(100).startswith(b"HTTP/1.1 4")
    with connect(live_site) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 20000)  # and no end
        assert client.recv(100).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "line", ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6"]
)
def test_a_request_with_two_lengths_is_refused(live_site: LiveSite, line: str) -> None:
    with connect(live_site) as client:
        client.sendall(
            f"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n{line}\r\n\r\n0\r\n\r\n".encode()
        )
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_a_header_with_an_underscore_passes_for_no_other(live_site: LiveSite) -> None:
    user = make_user()
    token = bearer(user)["Authorization"]
    answer = httpx.get(f"{live_site.url}/api/v1/submissions", headers={"X": "1", "AUTHORIZATION_": token})
    assert answer.status_code == 401


def _close(client: socket.socket) -> None:
    client.close()


def _half_close(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)


def _reset_after_a_pause(client: socket.socket) -> None:
    time.sleep(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("cut", [_close, _half_close, _reset_after_a_pause])
def test_a_patch_that_is_cut_at_byte_n_goes_on_at_n(
    live_site: LiveSite, cut: Callable[[socket.socket], None]
) -> None:
    headers = bearer(make_user())
    address = announce(live_site, headers, 1_000_000)
    client = connect(live_site)
    announced = headers | PIECE | {"Upload-Offset": "0", "Content-Length": "1000000"}
    client.sendall(head(f"PATCH {urlsplit(address).path}", announced) + bytes(300_000))
    cut(client)
    answer = httpx.head(address, headers=headers | TUS, timeout=30)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (200, "300000")
    rest = httpx.patch(address, headers=headers | PIECE | {"Upload-Offset": "300000"}, content=bytes(700_000))
    assert (rest.status_code, rest.headers["Upload-Offset"]) == (204, "1000000")
    client.close()


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_a_newer_request_ends_an_older_one_that_hangs_on_the_upload(live_site: LiveSite, method: str) -> None:
    headers = bearer(make_user())
    address = announce(live_site, headers, 100)
    with connect(live_site) as lost:
        announced = headers | PIECE | {"Upload-Offset": "0", "Content-Length": "100"}
        lost.sendall(head(f"PATCH {urlsplit(address).path}", announced) + b"x" * 40)
        time.sleep(1)  # until it has the upload
        begin = time.monotonic()
        piece = {"Upload-Offset": "40"} | PIECE if method == "PATCH" else TUS
        answer = httpx.request(
            method,
            address,
            headers=headers | piece,
            content=b"y" * 60 if method == "PATCH" else b"",
            timeout=30,
        )
        assert answer.status_code in (200, 204), answer.text
        assert time.monotonic() - begin < 4
        if method != "DELETE":
            assert answer.headers["Upload-Offset"] == ("40" if method == "HEAD" else "100")
        assert _is_ended(lost)


def _is_ended(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionError:
        return True


def test_a_piece_whose_checksum_is_wrong_is_dropped(live_site: LiveSite) -> None:
    headers = bearer(make_user())
    address = announce(live_site, headers, 10)
    piece = headers | PIECE | {"Upload-Offset": "0", "Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    answer = httpx.patch(address, headers=piece, content=b"0123456789")
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (460, "checksum-mismatch")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert httpx.head(address, headers=headers | TUS).headers["Upload-Offset"] == "0"


def test_an_upload_that_is_not_allowed_is_refused_before_its_body(live_site: LiveSite) -> None:
    address = announce(live_site, bearer(make_user()), ENDLESS // 10)
    for headers in ({}, bearer(make_user())):
        with connect(live_site) as client:
            announced = headers | PIECE | {"Upload-Offset": "0", "Content-Length": str(ENDLESS // 10)}
            client.sendall(head(f"PATCH {urlsplit(address).path}", announced))
            answer = client.recv(65536).decode()
        assert answer.startswith("HTTP/1.1 404" if headers else "HTTP/1.1 401")
        assert "tus-resumable: 1.0.0" in answer


class Visitor:
    """Somebody without scripts, in front of the submit page."""

    def __init__(self, site: LiveSite) -> None:
        split = make_split("forms", benchmark={"evaluator": "ovis"})
        self.url = f"{site.url}/benchmarks/{split.benchmark.slug}/submit/"
        http = Client()
        self.user = make_user()
        http.force_login(self.user)
        self.http = httpx.Client(cookies={"sessionid": http.cookies["sessionid"].value}, timeout=60)

    def fields(self) -> dict[str, Any]:
        self.http.get(self.url).raise_for_status()
        token = self.http.cookies["csrftoken"]
        return {"csrfmiddlewaretoken": token, "method_name": "Mine", "visibility": "private", "note": "Zoë"}

    def send(self, fields: dict[str, Any], content: bytes) -> httpx.Response:
        return self.http.post(self.url, data=fields, files={"file": ("my results.json", content)})


@pytest.fixture
def visitor(live_site: LiveSite) -> Iterator[Visitor]:
    visitor = Visitor(live_site)
    with visitor.http:
        yield visitor


def test_a_large_file_in_a_plain_form_becomes_an_upload_without_passing_through_django(
    visitor: Visitor,
) -> None:
    content = b"[]" + b" " * (3 * BODY_BYTES)
    answer = visitor.send(visitor.fields(), content)
    assert answer.status_code == 302, answer.text[-3000:]
    upload = Upload.objects.get()
    assert (upload.filename, upload.length, upload.owner) == ("my results.json", len(content), visitor.user)
    assert upload.blob is not None
    assert blob_bytes(upload.blob) == content
    submission = upload.blob.submissions.get()
    assert (submission.note, submission.filename) == ("Zoë", "my results.json")


FIELD = b'\r\n--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'


@pytest.mark.parametrize(
    "piece",
    [FIELD % (b"n" * 3000), FIELD % b"n", b"preamble" * 400, FIELD % b"n" + bytes(3000)],
    ids=["long names", "many fields", "no field", "long texts"],
)
def test_a_form_without_end_is_refused_before_it_costs_anything(
    live_site: LiveSite, visitor: Visitor, piece: bytes
) -> None:
    before = sum(map(rss_mb, processes_of(live_site)))
    lines = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(ENDLESS)}
    with connect(live_site) as client:
        client.sendall(head(f"POST {urlsplit(visitor.url).path}", lines))
        for _ in range(600):  # 40 MB
            client.sendall(piece * (2**16 // len(piece)))
        assert client.recv(65536).startswith(b"HTTP/1.1 413")
    assert sum(map(rss_mb, processes_of(live_site))) - before < 15


def test_who_goes_on_sending_for_a_while_sees_the_one_answer(live_site: LiveSite) -> None:
    answer = b""
    with connect(live_site) as client:
        client.sendall(head("POST /accounts/login/", {"Content-Length": "10000000"}))
        for _ in range(50):
            client.sendall(bytes(4000))
            time.sleep(0.02)
        with suppress(ConnectionResetError):  # when it has had its three seconds
            while piece := client.recv(65536):
                answer += piece
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_large_file_in_a_form_that_is_not_allowed_leaves_nothing(visitor: Visitor) -> None:
    fields = visitor.fields()
    content = b"[]" + b" " * (2 * BODY_BYTES)
    forged = visitor.send(fields | {"csrfmiddlewaretoken": "x" * 32}, content)
    assert forged.status_code == 403
    visitor.http.cookies.delete("sessionid")
    anonymous = visitor.send(fields, content)
    assert (anonymous.status_code, "/accounts/login/" in anonymous.headers["Location"]) == (302, True)
    assert not Upload.objects.exists()


def test_a_form_that_is_cut_leaves_no_upload(live_site: LiveSite, visitor: Visitor) -> None:
    fields = visitor.fields()
    request = visitor.http.build_request(
        "POST", visitor.url, data=fields, files={"file": ("x", bytes(9_000_000))}
    )
    with connect(live_site) as client:
        lines = {name: value for name, value in request.headers.items() if name != "host"}
        client.sendall(head(f"POST {request.url.path}", lines) + request.read()[:5_000_000])
        wait_until(Upload.objects.exists)
        file = upload_file(Upload.objects.get())
    wait_until(lambda: not Upload.objects.exists())
    assert not Upload.objects.exists()
    assert not file.exists()
