"""Files as people send them, and as nobody should: each made from one good list of predictions."""

import copy
import io
import json
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

Entries = list[dict[str, Any]]


def hostile_files(good: Entries) -> dict[str, bytes]:
    """Return {file name: content}; a name says what is special about it."""
    return {
        **{f"{name}.json": text for name, text in _texts(good).items()},
        **{f"{name}.json": json.dumps(entries).encode() for name, entries in _entries(good).items()},
        **{f"{name}.zip": content for name, content in _archives(json.dumps(good).encode()).items()},
    }


def _texts(good: Entries) -> dict[str, bytes]:
    text = json.dumps(good).encode()
    first = json.dumps(good[0])
    return {
        "empty": b"",
        "only_spaces": b" \n\t ",
        "not_json": b"video_id,score\n1,0.5\n",
        "truncated": text[: len(text) // 2],
        "truncated_in_a_text": text[: text.index(b"counts") + 3],
        "one_bracket_too_many": text + b"]",
        "comma_at_the_end": text[:-1] + b",]",
        "single_quotes": text.replace(b'"', b"'"),
        "number": b"7",
        "two_lists": text + text,
        "byte_order_mark": b"\xef\xbb\xbf" + text,
        "utf16": text.decode().encode("utf-16"),
        "gzip": b"\x1f\x8b\x08" + text,
        "pickle": b"\x80\x04\x95" + text,
        "html": b"<!doctype html><title>Log in</title>",
        "nesting_bomb": b"[" * 100_000,
        "nesting_in_a_field": f'[{{"extra": {"[" * 70}{"]" * 70}, {first[1:]}]'.encode(),
        "nesting_that_is_fine": f'[{{"extra": {"[" * 50}{"]" * 50}, {first[1:]}]'.encode(),
        "much_space": json.dumps(good, indent=8).encode(),
        "escaped_keys": text.replace(b'"score"', b'"sc\\u006fre"'),
        "escaped_counts": text.replace(b'"counts": "', b'"counts": "\\u0030').replace(b"0\\u0030", b"0"),
        "field_twice": text.replace(b'"score"', b'"score": "bad", "score"'),
        "field_twice_bad_last": text.replace(b'{"video_id"', b'{"score": 1, "video_id"').replace(
            b'"score": 0', b'"score": null, "x": 0'
        ),
        "infinite_score": text.replace(b'"score": 0', b'"score": Infinity, "x": 0', 1),
        "minus_infinite_score": text.replace(b'"score": 0', b'"score": -Infinity, "x": 0', 1),
        "score_beyond_a_double": text.replace(b'"score": 0', b'"score": 1e999, "x": 0', 1),
        "leading_zero": text.replace(b'"score": 0', b'"score": 00', 1),
        "hexadecimal": text.replace(b'"score": 0', b'"score": 0x1, "x": 0', 1),
        "half_a_number": text.replace(b'"score": 0', b'"score": 1e, "x": 0', 1),
        "unknown_word": text.replace(b'"score": 0', b'"score": None, "x": 0', 1),
        "control_character_in_counts": text.replace(b'"counts": "', b'"counts": "\x01', 1),
        "other_characters_in_counts": text.replace(b'"counts": "', b'"counts": "!', 1),
        "umlaut_in_counts": text.replace(b'"counts": "', '"counts": "ä'.encode(), 1),
        "endless_number_in_counts": text.replace(b'"counts": "', b'"counts": "oooooooooooo', 1),
    }


def _entries(good: Entries) -> dict[str, Any]:
    """Lists in which one thing was changed, in the second prediction or its first mask."""
    mask = next(mask for mask in good[1]["segmentations"] if mask)
    height, width = mask["size"]
    pixels = height * width

    def entry(change: Callable[[dict[str, Any]], Any]) -> Entries:
        entries = copy.deepcopy(good)
        change(entries[1])
        return entries

    def with_mask(value: Any) -> Entries:
        return entry(lambda found: found["segmentations"].__setitem__(0, value))

    def with_field(name: str, value: Any) -> Entries:
        return entry(lambda found: found.__setitem__(name, value))

    wrong_fields = {
        f"{field}_is_{word}": with_field(field, value)
        for field in ("video_id", "category_id", "score", "segmentations")
        for word, value in {
            "text": "1",
            "null": None,
            "true": True,
            "a_list": [1],
            "an_object": {"a": 1},
            "a_fraction": 1.5,
            "negative": -1,
            "whole_float": 1.0,
            "huge": 10**30,
        }.items()
    }
    masks = {
        "a_number": 3,
        "a_text": "abc",
        "true": True,
        "an_empty_object": {},
        "an_empty_list": [],
        "without_size": {"counts": mask["counts"]},
        "without_counts": {"size": [height, width]},
        "counts_null": {"size": [height, width], "counts": None},
        "counts_number": {"size": [height, width], "counts": 5},
        "size_text": {"size": "60x80", "counts": mask["counts"]},
        "size_of_three": {"size": [height, width, 3], "counts": mask["counts"]},
        "size_negative": {"size": [-height, width], "counts": mask["counts"]},
        "size_swapped": {"size": [width, height], "counts": mask["counts"]},
        "size_enormous": {"size": [2**20, 2**20], "counts": mask["counts"]},
        "counts_first": {"counts": mask["counts"], "size": [height, width]},
        "more_fields": {"id": 4, **mask, "area": [1, {"x": 2}]},
        "uncompressed": {"size": [height, width], "counts": [pixels - 5, 5]},
        "uncompressed_too_short": {"size": [height, width], "counts": [pixels - 5, 4]},
        "uncompressed_too_long": {"size": [height, width], "counts": [pixels, 5]},
        "uncompressed_negative": {"size": [height, width], "counts": [pixels + 5, -5]},
        "uncompressed_fraction": {"size": [height, width], "counts": [pixels - 0.5, 0.5]},
        "uncompressed_text": {"size": [height, width], "counts": ["1", 5]},
        "uncompressed_empty": {"size": [height, width], "counts": []},
        "counts_empty": {"size": [height, width], "counts": ""},
        "counts_cut": {"size": [height, width], "counts": mask["counts"] + "o"},
        "counts_too_long": {"size": [height, width], "counts": mask["counts"] + "5"},
        "polygons": [[1, 1, 9, 1, 9, 9]],
        "polygons_two": [[1, 1, 9, 1, 9, 9], [20, 20, 30, 20, 30, 30.5, 20, 30]],
        "polygon_too_short": [[1, 1, 9, 1]],
        "polygon_odd": [[1, 1, 9, 1, 9, 9, 3]],
        "polygon_text": [["1", 1, 9, 1, 9, 9]],
        "polygon_flat": [1, 1, 9, 1, 9, 9],
        "polygon_far_away": [[1, 1, 9, 1e7, 9, 9]],
    }
    return {
        "a_dict": {"predictions": good},
        "no_predictions": [],
        "a_number_among_predictions": [good[0], 5, *good[1:]],
        "a_list_among_predictions": [good[0], [good[1]]],
        "all_fields_missing": [{}, *good],
        "one_mask_less": entry(lambda found: found["segmentations"].pop()),
        "one_mask_more": entry(lambda found: found["segmentations"].append(None)),
        "unknown_video_with_wrong_masks": entry(lambda f: f.update(video_id=77, segmentations=[3])),
        "many_of_many_kinds": [{"video_id": i, "score": "x", "segmentations": 1} for i in range(300)],
        **wrong_fields,
        **{f"mask_{name}": with_mask(value) for name, value in masks.items()},
    }


def _archives(text: bytes) -> dict[str, bytes]:
    good = _zip({"results.json": text})
    link = zipfile.ZipInfo("results.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    encrypted = bytearray(good)
    encrypted[6] |= 1
    encrypted[good.rindex(b"PK\x01\x02") + 8] |= 1
    return {
        "good": good,
        "stored": _zip({"results.json": text}, method=zipfile.ZIP_STORED),
        "bzip2": _zip({"results.json": text}, method=zipfile.ZIP_BZIP2),
        "zip64": _zip64({"results.json": text}),
        "with_a_comment": _zip({"results.json": text}, comment=b"made by hand"),
        "behind_other_bytes": b"#!/bin/sh\n" + good,
        "after_other_bytes": good + b"\0" * 100,
        "root_folder": _zip({"submission/results.json": text, "submission/notes.txt": b"x"}),
        "two_folders": _zip({"a/b/results.json": text}),
        "of_windows": _zip({"a\\results.json": text, "a\\Thumbs.db": b"x"}),
        "of_windows_bad": _zip({"a\\b\\results.json": text[:-3]}),
        "folder_and_file": _zip({"a/results.json": text, "readme.txt": b"x"}),
        "from_a_mac": _zip({"results.json": text, "__MACOSX/._results.json": b"x", ".DS_Store": b"x"}),
        "two_results": _zip({"results.json": text, "old/results.json": text}),
        "no_results": _zip({"predictions.json": text}),
        "nothing": _zip({}),
        "results_empty": _zip({"results.json": b""}),
        "results_truncated": _zip({"results.json": text[:-3]}),
        "not_a_zip": text.replace(b"[", b"P", 1),
        "json_called_zip": text,
        "cut_short": good[: len(good) // 2],
        "middle_destroyed": good[:200] + bytes(len(good) - 600) + good[-400:],
        "climbs_out": _zip({"../results.json": text}),
        "absolute": _zip({"/etc/results.json": text}),
        "windows_path": _zip({"C:\\results.json": text, "results.json": text}),
        "link": _zip({}, extra=[(link, b"/etc/passwd")]),
        "same_name_twice": _zip({"results.json": text}, extra=[(zipfile.ZipInfo("results.json"), text)]),
        "encrypted": bytes(encrypted),
        "many_members": _zip({"results.json": text, **{f"{i}.txt": b"" for i in range(1001)}}),
        "bomb": _zip({"results.json": b" " * (70 << 20)}),
        "claims_terabytes": _claiming(good, 1 << 31),
    }


def _zip(
    members: dict[str, bytes],
    *,
    method: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
    extra: list[tuple[zipfile.ZipInfo, bytes]] | None = None,
) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Duplicate name")
        for name, content in members.items():
            archive.writestr(name, content)
        for info, content in extra or []:
            archive.writestr(info, content)
        archive.comment = comment
    return target.getvalue()


def _zip64(members: dict[str, bytes]) -> bytes:
    """As programs write that do not know the size beforehand, with the end record of large archives."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    content = target.getvalue()
    end = content.rindex(b"PK\x05\x06")
    count, length, start = struct.unpack("<HLL", content[end + 10 : end + 20])
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    full = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    return content[:end] + record + locator + full


def _claiming(archive: bytes, size: int) -> bytes:
    """An archive whose table of contents says that its member unpacks to `size` bytes."""
    at = archive.rindex(b"PK\x01\x02") + 24
    return archive[:at] + struct.pack("<L", size) + archive[at + 4 :]
