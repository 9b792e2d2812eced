"""Receipts: what a server says that it measured, signed, in a form that anybody can check later.

A receipt is a JSON object of two parts: `receipt`, the statement, and `signature`, an Ed25519 signature (RFC
8032) over the statement's canonical text. docs/receipts.md describes every field.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from evaluator.types import Report

FORMAT: Final = "dvis-bench-receipt/1"
ALGORITHM: Final = "Ed25519"
KEY_ADDRESS: Final = "/.well-known/dvis-bench-keys.json"
HEX_KEY: Final = re.compile(r"[0-9a-f]{64}")


class ReceiptInvalid(ValueError):
    """A file is not a receipt, or a key not a key; the message says what was found and what is expected."""


class BenchmarkPart(msgspec.Struct, frozen=True):
    """`slug` and `split` as the server calls them; `evaluator` is a key of `evaluator.catalog.BENCHMARKS`."""

    slug: str
    split: str
    evaluator: str


class ServerPart(msgspec.Struct, frozen=True):
    name: str
    url: str


class SubmissionPart(msgspec.Struct, frozen=True):
    id: str
    method: str
    variant: str
    scored_at: str


class FilePart(msgspec.Struct, frozen=True):
    """A stored file: as it was uploaded, or, of a ground truth of many files, the archive made of them."""

    sha256: str


class Statement(msgspec.Struct, frozen=True):
    """The fields of the signed part that are checked; it has more."""

    format: str
    server: ServerPart
    benchmark: BenchmarkPart
    submission: SubmissionPart
    evaluator: str
    ground_truth: FilePart
    predictions: FilePart
    metrics: dict[str, float | None]
    digest: str


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signature of `canonical(receipt)`: `public_key` (32 bytes), `value` (64 bytes) as hexadecimals."""

    algorithm: str
    key_id: str
    public_key: str
    value: str


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    receipt: Statement
    signature: Signature


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was read, and the bytes that its signature is about. Nothing is checked yet."""

    statement: Statement
    signature: Signature
    signed: bytes


def canonical(statement: Any) -> bytes:
    """Return the one text of a JSON value: UTF-8, keys sorted, no spaces, numbers as Python writes them.

    In the manner of RFC 8785, but a whole number that is a float keeps its ".0", so that both ends need
    nothing but their JSON library.

    Raises:
        ValueError: NaN, infinity or a lone surrogate, which JSON cannot carry.
    """
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def key_id(public_key: bytes) -> str:
    """Return the short name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def read_receipt(path: Path) -> Receipt:
    """Read a receipt's file.

    Raises:
        ReceiptInvalid: it is none.
        OSError: it cannot be read.
    """
    try:
        value = json.loads(path.read_bytes(), object_pairs_hook=_without_repetition)
        document = msgspec.convert(value, _Document)
        signed = canonical(value["receipt"])
    except (ValueError, OverflowError, RecursionError) as error:
        raise ReceiptInvalid(f"{path} is not a receipt: {error}.") from error
    if document.receipt.format != FORMAT or document.signature.algorithm != ALGORITHM:
        found = f"{document.receipt.format!r} signed with {document.signature.algorithm!r}"
        raise ReceiptInvalid(
            f"{path} is {found}, but this program knows {FORMAT!r} signed with {ALGORITHM!r}."
        )
    return Receipt(document.receipt, document.signature, signed)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that comes twice: people might read the value that is not signed."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = value
    return found


def public_keys(text: str) -> dict[str, str]:
    """Return public keys, hexadecimal, by their id: of one that is given itself, or of a file.

    A file holds the hexadecimal key, or the JSON that the server has at KEY_ADDRESS.

    Raises:
        ReceiptInvalid: neither.
    """
    if HEX_KEY.fullmatch(text):
        return {key_id(bytes.fromhex(text)): text}
    try:
        content = Path(text).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ReceiptInvalid(
            f"{text!r} is neither a readable file nor a key of 64 hexadecimal digits. "
            f"Save what the server has at {KEY_ADDRESS} and give that file."
        ) from error
    keys = [content] if HEX_KEY.fullmatch(content) else _listed_keys(text, content)
    return {key_id(bytes.fromhex(key)): key for key in keys}


def _listed_keys(path: str, content: str) -> list[str]:
    try:
        keys = [key["public_key"] for key in json.loads(content)["keys"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReceiptInvalid(f"{path} has no keys. Save what the server has at {KEY_ADDRESS}.") from error
    wrong = next((key for key in keys if not isinstance(key, str) or not HEX_KEY.fullmatch(key)), None)
    if wrong is not None or not keys:
        raise ReceiptInvalid(f"{path}: expected keys of 64 hexadecimal digits, but found {wrong!r}.")
    return keys


def differences(statement: Statement, report: Report) -> list[str]:
    """Return a line for the digest and for every metric that is not what the receipt says."""
    lines = []
    if report.digest != statement.digest:
        lines.append(f"digest: the receipt has {statement.digest}, scoring gives {report.digest}")
    for key in sorted(statement.metrics.keys() | report.metrics.keys()):
        said, found = (_said(values, key) for values in (statement.metrics, report.metrics))
        if said != found:
            lines.append(f"{key}: the receipt has {said}, scoring gives {found}")
    return lines


def _said(metrics: dict[str, float | None], key: str) -> str:
    if key not in metrics:
        return "no such metric"
    value = metrics[key]
    return "undefined" if value is None else repr(float(value))


def other_files(statement: Statement, ground_truth: Path, predictions: Path) -> list[str]:
    """Return a line for each file that is not the one the server has; folders cannot be compared."""
    lines = []
    parts = (("--gt", ground_truth, statement.ground_truth), ("--pred", predictions, statement.predictions))
    for option, path, part in parts:
        if path.is_file():
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != part.sha256:
                lines.append(
                    f"{option}: the SHA-256 of {path} is {found}, that of the server's {part.sha256}"
                )
    return lines
