"""Reads the size of a ground-truth map without decoding it."""

from __future__ import annotations

from evaluator.files.members import FolderMembers
from evaluator.maps import png
from evaluator.problems import GroundTruthError, Where, problem

_HEADER_BYTES = 64


def read_map_header(members: FolderMembers, file: str, video: str) -> png.PngHeader:
    """Return the header of the first map of a video. Raises GroundTruthError, OSError."""
    try:
        return png.read_header(members.read(file, _HEADER_BYTES))
    except png.PngInvalid as error:
        where = Where(file=file, video_id=video, frame=0)
        raise GroundTruthError([problem("gt-map", where, str(error))]) from error
