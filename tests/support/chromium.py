"""Which Chromium the browser tests drive: the system's, else the one that Playwright has downloaded."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HOW_TO_GET_ONE = (
    "The browser tests need Chromium, and there is none: get one with `apt-get install chromium`, "
    "or with `.venv/bin/playwright install chromium`."
)
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> Path | None:
    """Path of the browser's program, None where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


@contextmanager
def launched() -> Iterator[Browser]:
    """A running Chromium without a window. Raises FileNotFoundError where there is none."""
    program = find()
    if program is None:
        raise FileNotFoundError(HOW_TO_GET_ONE)
    # Chromium refuses to start its sandbox as root.
    flags = [*_FLAGS, "--no-sandbox"] if os.getuid() == 0 else [*_FLAGS]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


if __name__ == "__main__":
    if find() is None:
        sys.exit(HOW_TO_GET_ONE)
