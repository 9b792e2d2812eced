"""What the page of a video says: data for the player, and the same as sentences and lists without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from evaluator.files.words import counted
from evaluator.types import VideoInfo
from webapp.benchmarks.models import Split
from webapp.charts.palette import DARK
from webapp.numbers import UNDEFINED
from webapp.playback.frames import SIZES
from webapp.playback.heads import head_of
from webapp.playback.permissions import Person, masks_are_visible
from webapp.playback.selectors import UNREAD, Layer
from webapp.submissions.models import Submission
from webapp.submissions.selectors import submissions_visible_to

# Videos of OVIS and YouTube-VIS have 5 to 6 annotated frames in a second.
FPS: Final = 6
_STATIC: Final = Path(__file__).parents[2] / "static"
# Told at once: a browser that learned of them import by import would ask in five turns.
MODULES: Final = tuple(
    path.relative_to(_STATIC).as_posix() for path in sorted(_STATIC.glob("webapp/js/player/*.js"))
)
# As many as a menu holds.
CHOICES: Final = 50
# As many as people look through; the player lists as many.
LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class LayerObjects:
    """What the file of a layer has in this video: name, score, occlusion, span, number of frames of each.

    `objects` are the first LISTED of `number`: a store has them by falling score where they have one.
    """

    title: str
    number: int
    objects: list[tuple[str, str, str, str, int]]
    has_scores: bool
    has_occlusion: bool

    @property
    def count(self) -> str:
        return counted(self.number, "object")


def player_data(
    split: Split, video: VideoInfo, layers: Sequence[Layer], *, has_frames: bool
) -> dict[str, Any]:
    """Return what the scripts need, as JSON."""
    return {
        "video": {
            "id": video.id,
            "name": video.name,
            "length": video.length,
            "height": video.height,
            "width": video.width,
        },
        "fps": FPS,
        "categories": _categories(split),
        # They lie on pictures, whatever the theme: the shades of one set.
        "palette": DARK,
        "frames": _frames(split, video) if has_frames else None,
        "layers": [_layer(layer) for layer in layers],
    }


def choices(split: Split, shown: Sequence[Submission], user: Person) -> list[tuple[str, str]]:
    """Return submissions to choose from, as id and name: those that are shown, then the latest others."""
    rows = submissions_visible_to(user).filter(
        split=split, status=Submission.Status.SCORED, blob__isnull=False
    )
    latest = rows.exclude(pk__in=[one.pk for one in shown]).defer(*UNREAD).order_by("-created_at")[:CHOICES]
    found = [*shown, *(one for one in latest if masks_are_visible(user, one))]
    return [(str(one.pk), str(one.variant)) for one in found]


def objects_of(split: Split, layers: Sequence[Layer]) -> list[LayerObjects]:
    """Return the objects of every layer that is ready."""
    names = _categories(split)
    found = []
    for layer in layers:
        head = head_of(layer)
        if head is not None:
            items = head["objects"]
            rows = [_row(n, item, names) for n, item in enumerate(items[:LISTED], 1)]
            has = {name: any(name in item for item in items) for name in ("score", "occlusion")}
            found.append(LayerObjects(layer.title, len(items), rows, has["score"], has["occlusion"]))
    return found


def _row(number: int, item: dict[str, Any], names: dict[int, str]) -> tuple[str, str, str, str, int]:
    name = f"{names.get(item['category'], 'unknown category')} {number}"
    score, occlusion = (f"{item[key]:.2f}" if key in item else "" for key in ("score", "occlusion"))
    span = UNDEFINED if item["first"] is None else f"{item['first'] + 1}\N{EN DASH}{item['last'] + 1}"
    return name, score, occlusion, span, item["frames"]


def _categories(split: Split) -> dict[int, str]:
    return {one["id"]: one["name"] for one in split.known_categories}


def _frames(split: Split, video: VideoInfo) -> dict[str, Any]:
    page = reverse("videos:page", args=[split.benchmark.slug, video.id])
    query = urlencode({"split": split.name})
    return {
        "url": f"{page}frames/{{size}}/{{index}}.jpg?{query}",
        "windows": f"{page}frames/{{size}}/{{first}}-{{last}}.bin?{query}",
        "sizes": list(SIZES),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "key": layer.key,
        "title": layer.title,
        "state": layer.state,
        "url": layer.url,
        "offsets": layer.offsets,
        "events_url": layer.events_url,
        "events_offsets": layer.events_offsets,
    }
