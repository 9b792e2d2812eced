"""Reads the predicted maps of one video, one by one, and reports those that cannot be used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from evaluator.files.members import Members
from evaluator.maps import png
from evaluator.problems import ProblemList, SubmissionRejected, Where


@dataclass(slots=True)
class MapReader:
    """Adds what is wrong with maps to `problems`, and the hash of each to `sha256`.

    `decode` is `png.decode_ids` or `png.decode_values`.
    """

    members: Members
    decode: Callable[[bytes, png.PngHeader], NDArray[Any]]
    problems: ProblemList
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def read(
        self, file: str, video: str | None, frame: int | None, size: tuple[int, int] | None
    ) -> NDArray[Any] | None:
        """Return the numbers [pixels] of a map, or None after a problem.

        Args:
            file: its name among the members.
            video, frame: what it shows, for the problem; None where nobody knows.
            size: the expected height and width; None for any.
        """
        where = Where(file=file, video_id=video, frame=frame)
        if file not in self.members.names:
            self.problems.add("map-missing", where, "There is no such file.")
            return None
        limit = png.file_limit(*size) if size else png.file_limit(1, png.LARGEST_IMAGE)
        try:
            contents = self.members.read(file, limit)
            self.sha256.update(hashlib.sha256(contents).digest())
            header = png.read_header(contents)
            if size and (header.height, header.width) != size:
                found = f"The map has {header.height} x {header.width} pixels (height x width)"
                swapped = " (swapped)" if (header.width, header.height) == size else ""
                message = f"{found}, but the frame has {size[0]} x {size[1]}{swapped}."
                raise png.PngInvalid("png-size", message)
            return self.decode(contents, header)
        except png.PngInvalid as error:
            self.problems.add(error.code, where, str(error))
        except SubmissionRejected as error:  # the archive is damaged at this member
            for item in error.problems:
                self.problems.add(item.code, where, item.message)
        return None
