"""Named subsets of a split's videos: checking lists of videos, and storing them."""

from collections.abc import Mapping
from typing import Any

from evaluator.problems import SubsetInvalid
from evaluator.statistics.subsets import choose_videos
from evaluator.types import Listing
from webapp.benchmarks.models import Split, VideoSubset
from webapp.refusal import Refused


def subsets_choose(
    *, videos: list[dict[str, Any]], has_maps: bool, subsets: Mapping[str, Listing]
) -> dict[str, list[str]]:
    """Return how the evaluator knows the videos of each subset, in the order of the split.

    Args:
        videos: those of the split.
        has_maps: videos are known by their names, otherwise by their ids.
        subsets: names, and ids or names of videos, or a file with one per line.

    Raises Refused where a list does not fit the videos.
    """
    known = [video["name"] if has_maps else str(video["id"]) for video in videos]
    labels = [dict.fromkeys((label, video["name"])) for label, video in zip(known, videos, strict=True)]
    try:
        chosen = choose_videos(subsets, [tuple(both) for both in labels])
    except SubsetInvalid as error:
        raise Refused(
            "subset-invalid",
            str(error),
            "List videos of this ground truth. A subset that is no longer wanted is deleted in the "
            "administration, with its scores.",
        ) from error
    return {name: [known[place] for place in places] for name, places in chosen.items()}


def subsets_store(*, split: Split, chosen: Mapping[str, list[str]]) -> None:
    """Make `chosen` the subsets of these names; those of other names stay. In the caller's transaction."""
    for name, videos in chosen.items():
        row = split.subsets.filter(name=name).first()
        if row is not None and row.videos == videos:
            continue
        title = row.title if row is not None else name.replace("-", " ").replace("_", " ").capitalize()
        if row is not None:
            row.delete()
        VideoSubset.objects.create(split=split, name=name, title=title, videos=videos)
