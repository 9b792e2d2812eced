"""The player by itself: its page and the mask stores of a synthetic benchmark, from a small server."""

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from django.template.loader import render_to_string
from django.test import override_settings

from evaluator.catalog import BENCHMARKS
from evaluator.options import Options
from evaluator.playback import store_events, store_ground_truth, store_predictions
from evaluator.playback.store import StoreIndex
from webapp.charts.palette import DARK

STATIC = Path(__file__).parents[2] / "webapp/static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".jpg": "image/jpeg"}
FILES = {"a": "strong", "b": "weak"}
SHEETS = "".join(
    f'<link rel="stylesheet" href="/static/webapp/css/{name}.css">'
    for name in ("tokens", "base", "components", "player")
)
PAGE = """<!doctype html><html lang="en" class="js"><head><meta charset="utf-8"><title>Player</title>
<meta name="viewport" content="width=device-width, initial-scale=1">%s
<script src="/static/webapp/js/theme.js"></script>
<script type="module" src="/static/webapp/js/site.js"></script>
<script type="module" src="/static/webapp/js/player/player.js"></script></head>
<body><main id="main"><h1>Player</h1>%s</main>%s</body></html>"""


@dataclass
class Stores:
    """Stores of a benchmark that `write_benchmark` wrote: of its truth, and of two of its submissions."""

    folder: Path
    benchmark: str = "ovis"

    @property
    def truth(self) -> Path:
        return self.folder / ("annotations.json" if self.benchmark == "ovis" else "ground_truth")

    def submission(self, key: str) -> Path:
        folder = self.folder / "predictions" / FILES[key]
        return folder / "results.json" if self.benchmark == "ovis" else folder

    @cached_property
    def indices(self) -> dict[str, StoreIndex]:
        spec, options = BENCHMARKS[self.benchmark], Options()
        found = {"truth": store_ground_truth(spec, self.truth, self.folder / "truth.store", options)}
        for key in FILES:
            file, path = self.submission(key), self.folder / f"{key}.store"
            found[key] = store_predictions(spec, self.truth, file, path, options)
            if self.benchmark != "vspw":  # which has no identities
                events = self.folder / f"{key}-events.store"
                found[f"{key}-events"] = store_events(spec, self.truth, file, events, options)
        return found

    def head(self, key: str) -> dict[str, Any]:
        """Return what a store says of the first video."""
        begin, end = self.indices[key].videos["1"][:2]
        with (self.folder / f"{key}.store").open("rb") as file:
            file.seek(begin)
            found: dict[str, Any] = json.loads(zlib.decompress(file.read(end - begin)))
        return found

    @cached_property
    def categories(self) -> dict[int, str]:
        if self.benchmark == "ovis":
            return {one["id"]: one["name"] for one in json.loads(self.truth.read_text())["categories"]}
        if self.benchmark == "vipseg":
            document = json.loads((self.truth / "panoptic_gt.json").read_text())
            return {one["id"]: one["name"] for one in document["categories"]}
        return dict(enumerate(BENCHMARKS[self.benchmark].classes))

    def page_data(self, keys: tuple[str, ...], frames: bool) -> dict[str, Any]:
        """Return what the page tells the player of the first video."""
        titles = {"truth": "Ground truth", "a": "Strong", "b": "Weak"}
        layers = []
        for key in keys:
            layer: dict[str, Any] = {"key": key, "title": titles[key], "url": f"/stores/{key}.store"}
            layer |= {"offsets": self.indices[key].videos["1"], "state": "ready"}
            layer |= {"events_url": None, "events_offsets": None, "progress": 1, "message": ""}
            if "truth" in keys and f"{key}-events" in self.indices:
                layer["events_url"] = f"/stores/{key}-events.store"
                layer["events_offsets"] = self.indices[f"{key}-events"].videos["1"]
            layers.append(layer)
        (name,) = (one.name for one in (self.folder / "frames").iterdir())
        head = self.head("truth")
        folder = f"/stores/frames/{name}/"
        frames_data = {
            "url": f"{folder}{{index}}.jpg?size={{size}}",
            "windows": f"{folder}{{first}}-{{last}}.bin?size={{size}}",
            "sizes": ["480", "full"],
        }
        return {
            "video": {"id": 1, "name": name, **{key: head[key] for key in ("length", "height", "width")}},
            "fps": 6,
            "categories": self.categories,
            "palette": DARK,
            "frames": frames_data if frames else None,
            "layers": layers,
        }

    def page(self, keys: tuple[str, ...], frames: bool) -> str:
        """Return the page of the video."""
        data = self.page_data(keys, frames)
        context = data | {"player": data}
        plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
        with override_settings(STORAGES=plain):
            body = render_to_string("videos/partials/player.html", context)
            return PAGE % (SHEETS, body, render_to_string("videos/partials/keys.html"))


@contextmanager
def served(stores: Stores, frames: bool = True) -> Iterator[str]:
    """Serve the stores and the page of any layers: /page/truth,a,b."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path.startswith("/page/"):
                keys = tuple(path.removeprefix("/page/").split(","))
                return self.send(200, "text/html", stores.page(keys, frames).encode())
            root, rest = (
                (STATIC, path.removeprefix("/static/"))
                if path.startswith("/static/")
                else (stores.folder, path.removeprefix("/stores/"))
            )
            if found := re.fullmatch(r"(frames/.*/)(\d+)-(\d+)\.bin", rest):
                names = [root / f"{found[1]}{n:05d}.jpg" for n in range(int(found[2]), int(found[3]) + 1)]
                pictures = [name.read_bytes() if name.is_file() else b"" for name in names]
                sizes = [len(picture).to_bytes(4, "little") for picture in pictures]
                return self.send(200, "application/octet-stream", b"".join(sizes + pictures))
            if found := re.fullmatch(r"(frames/.*/)(\d+)\.jpg", rest):
                rest = f"{found[1]}{int(found[2]):05d}.jpg"
            file = root / rest
            if not file.is_file():
                return self.send(404, "application/json", b'{"detail": "There is no such file."}')
            contents = file.read_bytes()
            if wanted := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or ""):
                piece = contents[int(wanted[1]) : int(wanted[2]) + 1]
                return self.send(206, "application/octet-stream", piece)
            return self.send(200, TYPES.get(file.suffix, "application/octet-stream"), contents)

        def send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
