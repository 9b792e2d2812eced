"""The colours of methods, measured: against the pages that they stand on, and against each other."""

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from webapp.charts.palette import DARK, LIGHT
from webapp.methods.models import HUES

TOKENS = Path(__file__).parents[3] / "webapp" / "static" / "webapp" / "css" / "tokens.css"
RGB = tuple[float, float, float]
Matrix = tuple[RGB, RGB, RGB]
# Machado, Oliveira, Fernandes (2009), severity 1, of linear light: people who lack one kind of cone.
VISIONS: dict[str, Matrix] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# Least distance in OKLab of any two of the twelve; 0.02 is about what can just be seen side by side.
APART = {"usual": 0.11, "protanopia": 0.065, "deuteranopia": 0.065, "tritanopia": 0.065}
LMS: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
LAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def themes() -> dict[str, dict[str, str]]:
    """The variables of the style sheet: for light, for dark, and for dark where scripts are off."""
    blocks = re.findall(r":root([^{]*)\{([^}]*)\}", TOKENS.read_text())
    return {
        selector.strip() or "light": dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", body))
        for selector, body in blocks[:3]
    }


LIGHT_PAGE, DARK_PAGE, DARK_PAGE_BY_SYSTEM = themes().values()


def linear(colour: str) -> RGB:
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return _light(red), _light(green), _light(blue)


def _light(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def times(matrix: Matrix, vector: RGB) -> RGB:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def contrast(colour: str, ground: str) -> float:
    high, low = sorted(
        (sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(one), strict=True)) + 0.05)
        for one in (colour, ground)
    )[::-1]
    return high / low


def seen(colour: str, vision: Matrix) -> RGB:
    """The colour in OKLab, as somebody with this vision sees it."""
    red, green, blue = (min(max(value, 0.0), 1.0) for value in times(vision, linear(colour)))
    long, medium, short = times(LMS, (red, green, blue))
    return times(LAB, (math.cbrt(long), math.cbrt(medium), math.cbrt(short)))


@pytest.mark.parametrize(
    ("variables", "shades"), [(LIGHT_PAGE, LIGHT), (DARK_PAGE, DARK), (DARK_PAGE_BY_SYSTEM, DARK)]
)
def test_the_style_sheet_has_the_palette_and_every_hue_stands_out_from_card_and_page(
    variables: dict[str, str], shades: tuple[str, ...]
) -> None:
    assert [variables[f"method-{hue}"] for hue in range(HUES)] == list(shades)
    for shade in shades:
        for ground in ("card", "background", "raised"):
            assert contrast(shade, variables[ground]) >= 3, (shade, ground)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("shades", [LIGHT, DARK], ids=["light", "dark"])
def test_the_hues_are_told_apart_also_by_colour_blind_readers(shades: tuple[str, ...], vision: str) -> None:
    lab = [seen(shade, VISIONS[vision]) for shade in shades]
    pairs = {(a, b): math.dist(lab[a], lab[b]) for a, b in combinations(range(HUES), 2)}
    closest = min(pairs, key=lambda pair: pairs[pair])
    assert pairs[closest] >= APART[vision], f"hues {closest}: {pairs[closest]:.3f}"
