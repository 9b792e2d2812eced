"""A comparison as its page shows it: texts and links; the template only places them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from webapp.charts.categories import category_map
from webapp.charts.differences import category_chart, forest_chart, legend_height, looks, video_chart
from webapp.charts.findings import Explained, errors_chart, thresholds_chart
from webapp.charts.spec import Chart
from webapp.compare.comparison import LETTERS, Against, Compared, Comparison, part_key
from webapp.compare.words import interval_text, sentence
from webapp.leaderboards.choosing import COMPARED, compare_href
from webapp.leaderboards.filters import ORIGINS
from webapp.numbers import change, percent
from webapp.pages.videos.ways import VideoCard, Ways, player_href, ways_to_videos
from webapp.playback.permissions import Person
from webapp.playback.selectors import submissions_with_masks

VIDEOS_SHOWN = 10
# Of them those with a poster, on each side.
POSTERS = 3
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
    card: VideoCard
    first: str
    other: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """Videos in which one side is ahead, the furthest first; those with a poster are among them."""

    side: Side
    lines: tuple[VideoLine, ...]

    @property
    def cards(self) -> tuple[VideoCard, ...]:
        """Return those that are shown with posters; none where masks must not be seen."""
        return tuple(line.card for line in self.lines[:POSTERS] if line.card.picture)

    @property
    def id(self) -> str:
        return f"ahead-{self.side.letter}"

    @property
    def is_coming(self) -> bool:
        """Return whether pictures have no masks yet."""
        return any(card.picture and card.picture.is_coming for card in self.cards)


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
    ahead: tuple[Ahead, ...]
    masks_href: str
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


def compare_page(comparison: Comparison, *, user: Person, shown: str, api_path: str) -> ComparePage:
    """`shown` is the id of the submission whose categories and videos are shown against the first's."""
    sides = _sides(comparison)
    against = next(
        (one for one in comparison.against if one.other.row.submission_id == shown), comparison.against[0]
    )
    forest, categories = forest_chart(comparison), category_chart(comparison, against)
    key = part_key(comparison, against.videos)
    pair = [one.row.submission_id for one in (against.first, against.other)]
    ways = ways_to_videos(comparison.split, submissions_with_masks(comparison.split, pair, user))
    videos = video_chart(comparison, against, {part.key: ways.href(part.key) for part in against.videos})
    bars = len(categories.figure["data"][0]["x"]) if categories else 0
    pairs = tuple(_pair(comparison, one, sides, against) for one in comparison.against)
    errors, thresholds = _findings(comparison)
    frame = FRAME_HEIGHT + legend_height(len(pairs))
    forest_height = frame + len(comparison.headline) * max(38, 20 * len(pairs))
    parts_height = max(SQUARE_HEIGHT, FRAME_HEIGHT + 20 * bars)
    return ComparePage(
        comparison=comparison,
        sides=sides,
        pairs=pairs,
        shown=next(one for one in pairs if one.is_shown),
        is_tested=any(line.verdict for pair in pairs for line in pair.lines),
        forest=replace(forest, height=forest_height) if forest else None,
        categories=replace(categories, height=parts_height) if categories else None,
        videos=replace(videos, height=parts_height) if videos else None,
        map=category_map(comparison),
        errors=errors,
        thresholds=thresholds,
        ahead=_ahead(against, key, ways, sides),
        masks_href=player_href(comparison.split, ways.shown) if ways.shown and ways.videos else "",
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


def _ahead(against: Against, key: str, ways: Ways, sides: Sequence[Side]) -> tuple[Ahead, ...]:
    """Return the videos in which the first is furthest ahead, and those in which the other is."""
    known = [(delta, video) for video in against.videos if (delta := video.delta(key)) is not None]
    if not any(delta for delta, _ in known):
        return ()
    found = []
    for sign, compared in ((1, against.first), (-1, against.other)):
        side = next(one for one in sides if one.compared is compared)
        id = UUID(compared.row.submission_id)
        members = sorted((one for one in known if sign * one[0] > 0), key=lambda one: -sign * one[0])
        lines = tuple(
            VideoLine(
                ways.card(video.key, change(video.first[key], video.other[key]), id, side.name),
                percent(video.first[key]),
                percent(video.other[key]),
            )
            for _, video in members[:VIDEOS_SHOWN]
        )
        found.append(Ahead(side, lines))
    return tuple(found)
