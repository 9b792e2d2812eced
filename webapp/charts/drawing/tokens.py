"""The colours of the style sheet, for pictures that stand alone."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
TOKENS = Path(__file__).parents[2] / "static/webapp/css/tokens.css"
BLOCKS = {"light": ":root {", "dark": ':root[data-theme="dark"] {'}


@cache
def colours(theme: Theme) -> dict[str, str]:
    """Return the colours of a theme by their names in tokens.css, such as `--ink`."""
    text = TOKENS.read_text()
    start = text.index(BLOCKS[theme])
    block = text[start : text.index("\n}", start)]
    return dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6});", block))
