"""A page of another site shows a board in a frame and a badge; no other page of ours can stand there."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect

from tests.support.boards import make_board, make_row
from tests.support.live import LiveSite


class Elsewhere(BaseHTTPRequestHandler):
    """A site of somebody else; `page` is what it answers."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_board_stands_in_a_page_of_another_site_and_the_site_itself_does_not(
    browser: Browser, live_site: LiveSite, elsewhere: str
) -> None:
    split = make_board("shapes")
    row = make_row(split, "Strong", 0.41234)
    ours = f"{live_site.url}/embed/benchmarks/shapes/val"
    badge = f'<img src="{ours}/methods/{row.variant.method.slug}/badge.svg">'
    board = f'{badge}<iframe name="board" src="{ours}/"></iframe>'
    site = f'<iframe name="site" src="{live_site.url}/benchmarks/shapes/"></iframe>'
    with browser.new_context() as context:
        page = context.new_page()
        Elsewhere.page = board.encode()
        page.goto(elsewhere)
        expect(page.frame_locator("[name=board]").locator("tbody th")).to_contain_text("Strong")
        assert page.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
        assert context.cookies() == []
        Elsewhere.page = site.encode()
        page.goto(elsewhere)
        refused = page.frame("site")
        assert refused is not None
        assert refused.url.startswith("chrome-error:")
