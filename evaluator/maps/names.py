"""Names of videos and frames below a folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any


def is_plain_name(name: Any) -> bool:
    """Whether a video or frame can be named so below a folder."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    plain = bool(parts) and name == "/".join(parts) and not {"..", "/"} & set(parts)
    return plain and "\\" not in name and name.isprintable()
