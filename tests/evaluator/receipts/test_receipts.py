"""`python -m evaluator verify`: a receipt that is good, and every way in which one is not."""

import copy
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from evaluator import __version__, evaluate
from evaluator.__main__ import app
from evaluator.receipts import ALGORITHM, FORMAT, canonical, key_id
from tests.evaluator.vis_files import ground_truth, prediction, write

SERVER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SERVER_PUBLIC = SERVER_KEY.public_key().public_bytes_raw()


def signed(statement: dict[str, Any], key: Ed25519PrivateKey = SERVER_KEY) -> dict[str, Any]:
    public = key.public_key().public_bytes_raw()
    signature = {
        "algorithm": ALGORITHM,
        "key_id": key_id(public),
        "public_key": public.hex(),
        "value": key.sign(canonical(statement)).hex(),
    }
    return {"receipt": copy.deepcopy(statement), "signature": signature}


@dataclass(frozen=True)
class Case:
    """A scored file and what the server says about it."""

    folder: Path
    truth: Path
    results: Path
    statement: dict[str, Any]

    def verify(self, document: Any, *options: object, results: Path | None = None) -> Result:
        path = write(self.folder / "receipt.json", document)
        words = ["verify", path, "--gt", self.truth, "--pred", results or self.results, *options]
        return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("receipts")
    truth, results = write(folder / "gt.json", ground_truth()), write(folder / "results.json", [prediction()])
    report = evaluate("ovis", truth, results)
    statement = {
        "format": FORMAT,
        "server": {"name": "The lab's board, Zürich", "url": "https://board.example.org"},
        "benchmark": {"slug": "ovis", "name": "OVIS", "split": "val", "evaluator": "ovis"},
        "evaluator": __version__,
        "submission": {
            "id": "4be0643f-1d98-573b-97cd-ca98a65347dd",
            "method": "DVIS [offline]",
            "variant": "R50",
            "scored_at": "2026-11-22T19:00:00+00:00",
        },
        "ground_truth": {"sha256": "0" * 64},
        "predictions": {"sha256": "1" * 64},
        "metrics": report.metrics,
        "digest": report.digest,
        "run": {"device": "cpu", "seconds": {"segmenter": 1.0}},
    }
    return Case(folder, truth, results, statement)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path


def changed(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The document with another value at one place, of the same type and as plausible."""
    document = copy.deepcopy(document)
    place = document
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    if value is None:
        place[path[-1]] = 0.5
    elif isinstance(value, float):
        place[path[-1]] = value / 2 + 0.125
    else:  # for hexadecimal texts another one
        place[path[-1]] = value[:-1] + ("1" if value[-1] == "0" else "0")
    assert document != place
    return document


def test_a_receipt_is_verified_with_the_servers_key(case: Case) -> None:
    done = case.verify(signed(case.statement), "--key", SERVER_PUBLIC.hex())
    assert done.exit_code == 0, done.output
    assert f"Signature: good, by the key {key_id(SERVER_PUBLIC)}." in done.stdout
    assert "metrics: the same." in done.stdout
    assert "Verified: DVIS [offline] (R50) on ovis val, scored 2026-11-22T19:00:00+00:00" in done.stdout
    assert "The lab's board, Zürich, https://board.example.org" in done.stdout
    assert done.stderr == ""


def test_without_a_key_only_integrity_is_proven_and_that_is_said(case: Case) -> None:
    done = case.verify(signed(case.statement))
    assert done.exit_code == 0
    assert "not who signed it: give the server's key with --key" in done.stderr


def test_the_key_may_come_as_the_servers_list_with_older_keys(case: Case) -> None:
    older = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    keys = {"keys": [{"key_id": key_id(key), "public_key": key.hex()} for key in (older, SERVER_PUBLIC)]}
    path = write(case.folder / "keys.json", keys)
    assert case.verify(signed(case.statement), "--key", path).exit_code == 0


def test_a_receipt_that_another_key_signed_is_not_verified(case: Case) -> None:
    forged = signed(case.statement, Ed25519PrivateKey.generate())
    assert case.verify(forged).exit_code == 0  # by its own key: nobody changed it
    done = case.verify(forged, "--key", SERVER_PUBLIC.hex())
    assert done.exit_code == 1
    assert "somebody else signed it" in done.stderr


def test_a_forger_who_keeps_the_servers_key_id_is_found_out(case: Case) -> None:
    forged = signed(case.statement, Ed25519PrivateKey.generate())
    forged["signature"]["key_id"] = key_id(SERVER_PUBLIC)
    assert case.verify(forged).exit_code == 1
    assert case.verify(forged, "--key", SERVER_PUBLIC.hex()).exit_code == 1


def test_a_change_of_any_field_is_found(case: Case) -> None:
    document = signed(case.statement)
    unknown = {("receipt", "format"), ("signature", "algorithm")}
    paths = list(leaves(document))
    assert len(paths) > 30
    for path in paths:
        for options in ((), ("--key", SERVER_PUBLIC.hex())):
            done = case.verify(changed(document, path), *options)
            assert done.exit_code == (2 if path in unknown else 1), (path, done.output)


def test_a_field_that_was_added_or_taken_away_is_found(case: Case) -> None:
    more, less = signed(case.statement), signed(case.statement)
    more["receipt"]["note"] = "best paper"
    del less["receipt"]["run"]
    for document in (more, less):
        done = case.verify(document)
        assert done.exit_code == 1
        assert "it was changed after it was signed" in done.stderr


def test_the_order_and_spacing_of_the_file_do_not_matter(case: Case) -> None:
    document = signed(case.statement)
    path = case.folder / "turned.json"
    turned = {"signature": document["signature"], "receipt": dict(reversed(document["receipt"].items()))}
    path.write_text(json.dumps(turned, indent=3, ensure_ascii=True))
    done = CliRunner().invoke(
        app, ["verify", str(path), "--gt", str(case.truth), "--pred", str(case.results)]
    )
    assert done.exit_code == 0, done.output


def test_other_predictions_are_told_by_metric_and_by_file(case: Case) -> None:
    other = write(case.folder / "other.json", [])
    done = case.verify(signed(case.statement), results=other)
    assert done.exit_code == 1
    assert "Not verified: these files do not give what the receipt says." in done.stderr
    assert "digest: the receipt has sha256:" in done.stderr
    assert f"AP: the receipt has {case.statement['metrics']['AP']!r}, scoring gives 0.0" in done.stderr
    assert "--pred: the SHA-256 of" in done.stderr


def test_a_signed_number_that_was_never_measured_is_told(case: Case) -> None:
    statement = {**case.statement, "metrics": {**case.statement["metrics"], "AP_so": 0.9, "HOTA": 0.5}}
    done = case.verify(signed(statement))
    assert done.exit_code == 1
    assert "AP_so: the receipt has 0.9, scoring gives undefined" in done.stderr
    assert "HOTA: the receipt has 0.5, scoring gives no such metric" in done.stderr
    assert "digest" not in done.stderr


def test_rejected_predictions_and_unusable_ground_truth_keep_their_exit_status(
    case: Case, tmp_path: Path
) -> None:
    broken = write(tmp_path / "broken.json", {"not": "a list"})
    assert case.verify(signed(case.statement), results=broken).exit_code == 1
    unusable = Case(tmp_path, broken, case.results, case.statement)
    assert unusable.verify(signed(case.statement)).exit_code == 3


def test_a_receipt_of_another_evaluator_tells_which_version_it_needs(case: Case) -> None:
    done = case.verify(signed({**case.statement, "evaluator": "0.9.0"}))
    assert done.exit_code == 2
    assert "Signature: good" in done.stdout
    assert f"These numbers are of evaluator 0.9.0, and this is {__version__}" in done.stderr


@pytest.mark.parametrize(
    "document",
    [
        "text",
        [],
        {"receipt": {}},
        {"receipt": {"format": FORMAT}, "signature": {}},
        {"receipt": float("nan")},
    ],
)
def test_what_is_no_receipt_is_said_to_be_none(case: Case, document: Any) -> None:
    done = case.verify(document)
    assert done.exit_code == 2
    assert "is not a receipt" in done.stderr


@pytest.mark.parametrize("key", ["https://board.example.org/.well-known/dvis-bench-keys.json", "ab12", ""])
def test_a_key_that_is_no_key_names_what_to_give(case: Case, key: str) -> None:
    done = case.verify(signed(case.statement), "--key", key)
    assert done.exit_code == 2
    assert "Save what the server has at /.well-known/dvis-bench-keys.json" in done.stderr


def test_a_key_file_without_keys_is_said_to_have_none(case: Case, tmp_path: Path) -> None:
    for content in ({"keys": []}, {"keys": [{"public_key": 7}]}, {"key": "x"}, "x"):
        done = case.verify(signed(case.statement), "--key", write(tmp_path / "keys.json", content))
        assert done.exit_code == 2, content


def test_without_cryptography_one_line_tells_how_to_get_it(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    # None in sys.modules is how Python itself marks a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    monkeypatch.delitem(sys.modules, "evaluator.receipts.signatures", raising=False)
    done = case.verify(signed(case.statement))
    assert done.exit_code == 2
    assert done.stderr == ("Checking signatures needs the library cryptography: pip install cryptography\n")


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ('"evaluator": "ovis"', '"evaluator": "other", "evaluator": "ovis"', "'evaluator' is there twice"),
        ('"signature":', '"note": "AP 99", "signature":', "unknown field `note`"),
        ('"algorithm":', '"signed_by": "the lab", "algorithm":', "unknown field `signed_by`"),
        ('"AP_so": null', f'"AP_so": {"9" * 400}', "is not a receipt"),
    ],
)
def test_what_the_signature_does_not_cover_is_no_receipt(
    case: Case, found: str, instead: str, said: str
) -> None:
    text = json.dumps(signed(case.statement))
    assert text.count(found) == 1
    path = case.folder / "beside.json"
    path.write_text(text.replace(found, instead))
    words = ["verify", path, "--gt", case.truth, "--pred", case.results]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 2
    assert said in done.stderr


def test_names_in_a_receipt_cannot_drive_the_terminal(case: Case) -> None:
    trick = "DVIS\x1b[2J\x9b1A\nVerified: all"
    statement = {**case.statement, "submission": {**case.statement["submission"], "method": trick}}
    document = signed(statement)
    done = case.verify(document)
    assert done.exit_code == 0
    assert "Verified: DVIS\ufffd[2J\ufffd1A Verified: all (R50)" in done.stdout
    document["signature"]["key_id"] = "\x1b[2J"
    assert "\x1b" not in case.verify(document, "--key", SERVER_PUBLIC.hex()).stderr
