"""The palette of methods: 12 hues, each with a shade for light and one for dark pages.

`static/webapp/css/tokens.css` holds the same as `--method-0` to `--method-11`; a test compares them, and
measures contrast and how far apart the hues are, also for colour-blind readers.
"""

# The first hues, which small sites see alone, are the farthest apart.
LIGHT = (
    "#c17d1b",
    "#173780",
    "#977be0",
    "#a12f4a",
    "#5b9974",
    "#5a2751",
    "#760b00",
    "#7f4199",
    "#846f37",
    "#515800",
    "#477aa3",
    "#006966",
)
DARK = (
    "#efa649",
    "#446ec9",
    "#b9a1ff",
    "#b7445c",
    "#78dba2",
    "#febaef",
    "#df7e6d",
    "#835e94",
    "#a17f01",
    "#d4e366",
    "#5596c9",
    "#2dbbb7",
)


def method_colour(hue: int) -> str:
    """Return the colour of a hue as charts write it: the style sheet gives the theme's shade.

    >>> method_colour(3)
    'var(--method-3)'
    """
    return f"var(--method-{hue})"
