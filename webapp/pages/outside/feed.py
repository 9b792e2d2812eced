"""The changes of a benchmark's boards as an Atom feed."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.feedgenerator import Atom1Feed

from webapp.benchmarks.models import Benchmark
from webapp.charts.drawing.elements import printable
from webapp.leaderboards.places import Change, board_changes
from webapp.numbers import percent


class _Feed(Atom1Feed):
    """A feed without entries is as old as its benchmark, whenever it is asked for."""

    begun_at: datetime

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else self.begun_at


def changes_feed(request: HttpRequest, benchmark: Benchmark) -> str:
    """Return the feed as XML."""
    absolute = request.build_absolute_uri
    feed = _Feed(
        title=printable(f"{benchmark.name}: changes of the leaderboards"),
        link=absolute(benchmark.get_absolute_url()),
        description=printable(
            f"New results and corrected numbers of {benchmark.name} on {settings.SITE_NAME}."
        ),
        feed_url=absolute(request.path),
        language="en",
    )
    feed.begun_at = benchmark.created_at
    for change in board_changes(benchmark):
        _add(feed, change, absolute)
    return feed.writeString("utf-8")


def _add(feed: Atom1Feed, change: Change, absolute: Callable[[str], str]) -> None:
    place = change.place
    split = place.submission.split
    title = f"{split}: {place.name}, {percent(place.value)} {place.metric.label}"
    if change.before is None:
        said = f"New on {split}: {place.text}."
    else:
        title += f" (was {percent(change.before)})"
        said = f"Measured again: {place.text}; it was {percent(change.before)} before. {change.reason}"
    feed.add_item(
        title=printable(title),
        link=absolute(place.submission.get_absolute_url()),
        description=printable(said),
        unique_id=f"urn:uuid:{change.id}",
        pubdate=change.at,
        updateddate=change.at,
        author_name=printable(_author(change)),
    )


def _author(change: Change) -> str:
    method = change.place.submission.variant.method
    return str(method.team or method.authors or method.name)
