"""nginx as `deploy/` sets it up, before a running site."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.product import ROOT, wait_until

FOLDER = ROOT / "deploy" / "nginx"


@contextmanager
def nginx_before(url: str, port: int, folder: Path) -> Iterator[str]:
    """Run nginx with the documented files, places and addresses apart; the address to reach the site by."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise RuntimeError("nginx is not installed: apt install nginx-light")
    (folder / "conf.d").mkdir(parents=True)
    site = folder / "site.conf"
    site.write_text((FOLDER / "site.conf").read_text().replace("web:8000", urlsplit(url).netloc))
    server = (FOLDER / "http.conf.template").read_text()
    server = server.replace("${SERVER_NAME}", "localhost").replace("listen 8080", f"listen 127.0.0.1:{port}")
    server = server.replace("/etc/nginx/dvis-bench/site.conf", str(site))
    (folder / "conf.d" / "default.conf").write_text(server)
    main = (FOLDER / "nginx.conf").read_text()
    for place, here in (
        (" /tmp/", f" {folder}/"),
        (" /etc/nginx/", f" {folder}/"),
        ("/dev/stdout", f"{folder}/access.log"),
        ("/dev/stderr", f"{folder}/error.log"),
    ):
        main = main.replace(place, here)
    (folder / "nginx.conf").write_text(main)
    # Another account might not enter the folders of a test.
    settings = f"daemon off; user {Path(folder).owner()};"
    process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf", "-g", settings])
    try:
        wait_until(lambda: _listens(port))
        if not _listens(port):
            raise RuntimeError(f"nginx does not answer: {(folder / 'error.log').read_text()}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
