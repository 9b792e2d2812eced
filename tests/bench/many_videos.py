"""Makes a set of many videos from one of few, under other ids: large files at little cost."""

import itertools
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec


def repeat_tracklets(folder: Path, source: Path, times: int) -> None:
    """Write `gt.json` and `results.json` with the videos of `source`, ids 1, 2 ..., so many times."""
    truth = msgspec.json.decode((source / "gt.json").read_bytes())
    step = len(truth["videos"])
    many = {**truth, "videos": [], "annotations": []}
    for start in range(0, step * times, step):
        many["videos"] += [{**video, "id": video["id"] + start} for video in truth["videos"]]
        for item in truth["annotations"]:
            number = len(many["annotations"]) + 1
            many["annotations"].append({**item, "id": number, "video_id": item["video_id"] + start})
    (folder / "gt.json").write_bytes(msgspec.json.encode(many))
    results = (source / "results.json").read_bytes().strip()[1:-1]
    with (folder / "results.json").open("wb") as file:
        file.write(b"[")
        for start in range(0, step * times, step):
            file.write(b"," if start else b"")
            file.write(_moved(results, start))
        file.write(b"]")


def _moved(results: bytes, start: int) -> bytes:
    def move(found: re.Match[bytes]) -> bytes:
        return b'"video_id": %d' % (int(found[1]) + start)

    return re.sub(rb'"video_id":\s*(\d+)', move, results)


def repeat_maps(folder: Path, source: Path, videos: int) -> None:
    """Write `truth` and `predictions` of so many videos, whose maps are links to those of `source`."""
    for side in ("truth", "predictions"):
        for path in sorted((source / side).rglob("*.json")):
            document = json.loads(path.read_text())
            document["annotations"] = list(_renamed(document["annotations"], videos))
            _place(folder, source, path).write_text(json.dumps(document))
        for path in sorted((source / side).rglob("val.txt")):
            _place(folder, source, path).write_text("".join(f"video_{i:04d}\n" for i in range(videos)))
        names = sorted({name for path in (source / side).rglob("*.png") for name in _video(path)})
        for path in sorted((source / side).rglob("*.png")):
            (name,) = _video(path)
            for number in range(names.index(name), videos, len(names)):
                copy = Path(str(path).replace(name, f"video_{number:04d}"))
                os.link(path, _place(folder, source, copy))


def _video(path: Path) -> list[str]:
    return [part for part in path.parts if part.startswith("video_")]


def _place(folder: Path, source: Path, path: Path) -> Path:
    place = folder / path.relative_to(source)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _renamed(annotations: list[dict[str, Any]], videos: int) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(itertools.islice(itertools.cycle(annotations), videos)):
        yield {**item, "video_id": f"video_{number:04d}"}
