"""Named subsets of a split's videos: checking lists of videos, and storing them."""

from collections.abc import Mapping

from evaluator.problems import SubsetInvalid
from evaluator.statistics.subsets import choose_videos
from evaluator.types import Listing, VideoInfo
from webapp.benchmarks.models import Split, VideoSubset
from webapp.refusal import Refused


def subsets_choose(
    *, videos: Mapping[str, VideoInfo], subsets: Mapping[str, Listing]
) -> dict[str, list[str]]:
    """Return the labels of the videos of each subset, in the order of the split.

    Args:
        videos: those of the split, by label.
        subsets: names, and ids or names of videos, or a file with one per line.

    Raises Refused where a list does not fit the videos.
    """
    accepted = [(label, video.name) for label, video in videos.items()]
    try:
        chosen = choose_videos(subsets, accepted)
    except SubsetInvalid as error:
        raise Refused(
            "subset-invalid",
            str(error),
            "List videos of this ground truth. A subset that is no longer wanted is deleted in the "
            "administration, with its scores.",
        ) from error
    labels = list(videos)
    return {name: [labels[index] for index in indices] for name, indices in chosen.items()}


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
