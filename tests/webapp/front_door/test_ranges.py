"""Files of the player through the web server: parts of them, as they lie on the disk."""

import os
import socket
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from evaluator.version import STORES
from tests.support.factories import make_split
from tests.support.live import LiveSite
from tests.support.playback import VIDEO
from webapp.playback import files
from webapp.playback.models import MaskStore
from webapp.playback.selectors import layers_for

SIZE = 12_000_000


def made(contents: bytes) -> str:
    """The path of a store of public ground truth with these contents."""
    split = make_split(videos=[VIDEO], ground_truth_public=True)
    with files.draft() as path:
        path.write_bytes(contents)
        digest = files.keep(path)
    MaskStore.objects.create(
        kind="masks",
        split=split,
        source=split.ground_truth,
        form=STORES,
        digest=digest,
        index={"videos": {"1": [8, SIZE]}, "size": SIZE},
        size=SIZE,
        finished_at=timezone.now(),
    )
    (layer,) = layers_for(split, [], AnonymousUser(), 1)
    return layer.url


def test_parts_of_a_large_file_are_sent_as_they_lie_there(live_site: LiveSite) -> None:
    contents = os.urandom(SIZE)
    path = made(contents)
    for door in ("", "/api/v1"):
        with httpx.Client(base_url=live_site.url + door) as http:
            part = http.get(path, headers={"Range": "bytes=5000000-5065535"})
            assert (part.status_code, part.content) == (206, contents[5_000_000:5_065_536])
            assert part.headers["Content-Range"] == f"bytes 5000000-5065535/{SIZE}"
            assert part.headers["Cache-Control"] == "public, max-age=3600"
            assert "Content-Encoding" not in part.headers
            whole = http.get(path)
            assert (whole.status_code, whole.content) == (200, contents)
            head = http.head(path)
            assert (head.status_code, head.content) == (200, b"")
            beyond = http.get(path, headers={"Range": f"bytes={SIZE}-"})
            assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{SIZE}")
            again = http.get(path, headers={"If-None-Match": part.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")


def test_a_reader_who_leaves_in_the_middle_of_a_file_disturbs_nobody(live_site: LiveSite) -> None:
    path = made(os.urandom(SIZE))
    host = urlsplit(live_site.url)
    log = settings.VAR / "log" / "web.log"
    begin = log.stat().st_size
    for _ in range(20):
        with socket.create_connection((host.hostname or "", host.port or 0)) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
    assert httpx.get(live_site.url + path, headers={"Range": "bytes=0-9"}).status_code == 206
    assert b"Traceback" not in log.read_bytes()[begin:]
