"""A comparison as its page shows it: texts and links; the template only places them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from webapp.charts.categories import category_map
from webapp.charts.differences import category_chart, forest_chart, legend_height, looks, video_chart
from webapp.charts.findings import Explained, errors_chart, thresholds_chart
from webapp.charts.spec import Chart
from webapp.compare.comparison import LETTERS, Against, Compared, Comparison, PartDifference, part_key
from webapp.compare.words import interval_text, sentence
from webapp.leaderboards.choosing import COMPARED, compare_href
from webapp.leaderboards.filters import ORIGINS
from webapp.numbers import change, percent

VIDEOS_SHOWN = 10
# Pixels: what axes take of a drawing, and the height at which one that fills half of a page is square.
FRAME_HEIGHT, SQUARE_HEIGHT = 90, 480


@dataclass(frozen=True, slots=True)
class Side:
    """One of the submissions: `first_href` compares it with the others, `without_href` leaves it out."""

    compared: Compared
    letter: str
    colour: str
    name: str
    origin: str
    value: str
    interval: str
    first_href: str
    without_href: str


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of a pair. `verdict` is "first", "other", "open" (not told apart) or "" (not tested)."""

    key: str
    label: str
    title: str
    first: str
    other: str
    delta: str
    interval: str
    p: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Pair:
    other: Side
    sentence: str
    lines: tuple[Line, ...]
    href: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class VideoLine:
    name: str
    first: str
    other: str
    delta: str


@dataclass(frozen=True, slots=True)
class ComparePage:
    comparison: Comparison
    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]
    shown: Pair
    is_tested: bool
    forest: Chart | None
    categories: Chart | None
    videos: Chart | None
    errors: Chart | None
    thresholds: Chart | None
    map: Chart | None
    better: tuple[VideoLine, ...]
    worse: tuple[VideoLine, ...]
    part_label: str
    csv_href: str
    json_href: str

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(
            chart
            for chart in (self.forest, self.map, self.errors, self.thresholds, self.categories, self.videos)
            if chart
        )


def compare_page(comparison: Comparison, *, shown: str, api_path: str) -> ComparePage:
    """`shown` is the id of the submission whose categories and videos are shown against the first's."""
    sides = _sides(comparison)
    against = next(
        (one for one in comparison.against if one.other.row.submission_id == shown), comparison.against[0]
    )
    forest, categories = forest_chart(comparison), category_chart(comparison, against)
    videos = video_chart(comparison, against)
    bars = len(categories.figure["data"][0]["x"]) if categories else 0
    pairs = tuple(_pair(comparison, one, sides, against) for one in comparison.against)
    key = part_key(comparison, against.videos)
    better, worse = _extremes(against.videos, key)
    errors, thresholds = _findings(comparison)
    frame = FRAME_HEIGHT + legend_height(len(pairs))
    forest_height = frame + len(comparison.headline) * max(38, 20 * len(pairs))
    parts_height = max(SQUARE_HEIGHT, FRAME_HEIGHT + 20 * bars)
    return ComparePage(
        comparison=comparison,
        sides=sides,
        pairs=pairs,
        shown=next(pair for pair in pairs if pair.is_shown),
        is_tested=any(line.verdict for pair in pairs for line in pair.lines),
        forest=replace(forest, height=forest_height) if forest else None,
        categories=replace(categories, height=parts_height) if categories else None,
        videos=replace(videos, height=parts_height) if videos else None,
        map=category_map(comparison),
        errors=errors,
        thresholds=thresholds,
        better=better,
        worse=worse,
        part_label=key,
        csv_href=f"{api_path}?{urlencode({'submissions': _ids(comparison), 'format': 'csv'}, safe=',')}",
        json_href=f"{api_path}?{urlencode({'submissions': _ids(comparison)}, safe=',')}",
    )


def _findings(comparison: Comparison) -> tuple[Chart | None, Chart | None]:
    """Return the charts of errors and of AP by threshold, where at least two have been analysed."""
    look = looks(comparison)
    rows = [
        Explained(comparison.names[one.row.submission_id], look[one.row.submission_id], one.findings)
        for one in comparison.compared
        if one.findings
    ]
    if len(rows) < 2:
        return None, None
    scope = str(comparison.split)
    return errors_chart(rows, scope=scope), thresholds_chart(rows, scope=scope)


def _ids(comparison: Comparison) -> str:
    return ",".join(one.row.submission_id for one in comparison.compared)


def _sides(comparison: Comparison) -> tuple[Side, ...]:
    ids = [one.row.submission_id for one in comparison.compared]
    look = looks(comparison)
    primary = comparison.primary.key
    sides = []
    for letter, one in zip(LETTERS, comparison.compared, strict=False):
        id = one.row.submission_id
        others = [other for other in ids if other != id]
        bounds = one.row.intervals.get(primary)
        sides.append(
            Side(
                compared=one,
                letter=letter,
                colour=look[id].colour,
                name=comparison.names[id],
                origin=ORIGINS[one.row.origin].lower(),
                value=percent(one.row.values.get(primary)),
                interval=" to ".join(percent(bound) for bound in bounds) if bounds else "",
                first_href=compare_href([id, *others]),
                without_href=compare_href(others) if len(others) >= COMPARED[0] else "",
            )
        )
    return tuple(sides)


def _pair(comparison: Comparison, against: Against, sides: Sequence[Side], shown: Against) -> Pair:
    other = next(side for side in sides if side.compared is against.other)
    ids = [one.row.submission_id for one in comparison.compared]
    with_it = urlencode({"with": against.other.row.submission_id})
    return Pair(
        other=other,
        sentence=sentence(comparison, against),
        lines=_lines(comparison, against),
        href=f"{compare_href(ids)}&{with_it}#parts",
        is_shown=against is shown,
    )


def _lines(comparison: Comparison, against: Against) -> tuple[Line, ...]:
    known = {one.metric.key: one for one in against.metrics}
    lines = []
    for one in (known[key] for key in comparison.headline if key in known):
        verdict = ""
        if one.tested:
            verdict = ("first" if one.lead > 0 else "other") if one.tested.significant else "open"
        lines.append(
            Line(
                key=one.metric.key,
                label=one.metric.label,
                title=one.metric.title,
                first=percent(one.first),
                other=percent(one.other),
                delta=change(one.first, one.other),
                interval=interval_text(one),
                p=one.tested.p_text if one.tested else "",
                verdict=verdict,
            )
        )
    return tuple(lines)


def _extremes(
    videos: Sequence[PartDifference], key: str
) -> tuple[tuple[VideoLine, ...], tuple[VideoLine, ...]]:
    """The videos in which the first is furthest ahead, and those in which the other is."""
    known = [(delta, video) for video in videos if (delta := video.delta(key)) is not None]
    ahead = sorted((one for one in known if one[0] > 0), key=lambda one: -one[0])
    behind = sorted((one for one in known if one[0] < 0), key=lambda one: one[0])
    better, worse = (
        tuple(
            VideoLine(
                video.name,
                percent(video.first[key]),
                percent(video.other[key]),
                change(video.first[key], video.other[key]),
            )
            for _, video in members[:VIDEOS_SHOWN]
        )
        for members in (ahead, behind)
    )
    return better, worse
