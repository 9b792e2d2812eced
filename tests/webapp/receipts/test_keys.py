"""The keys of a server: made once, kept to itself, changed without losing the older public ones."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command
from django.test import Client

from tests.support.factories import claim, make_report, make_submission
from webapp.accounts.audit import AuditEvent
from webapp.receipts.keys import Key, all_keys, key_rotate, signing_key
from webapp.submissions.attempts import evaluation_finish_scored
from webapp.submissions.results import Outcome

CONFIGURED = "ab" * 32


@pytest.fixture(autouse=True)
def var(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


def signs(key: Key, text: bytes = b"text") -> bool:
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key))
    try:
        public.verify(bytes.fromhex(signing_key().sign(text)), text)
    except InvalidSignature:
        return False
    return True


def test_the_key_is_made_on_first_use_for_its_owner_alone(var: Path) -> None:
    assert list(var.iterdir()) == []
    key = signing_key()
    assert signs(key)
    assert (var / "signing_keys.json").stat().st_mode & 0o777 == 0o600
    assert signing_key() == key


def test_of_many_that_start_at_once_one_makes_the_key(var: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: signing_key(), range(8)))
    assert set(found) == {signing_key()}
    assert len(all_keys()) == 1


def test_after_a_rotation_the_new_key_signs_and_the_old_public_key_stays(var: Path) -> None:
    first = signing_key()
    second = key_rotate()
    third = key_rotate()
    assert all_keys()[0].key_id == third.key_id
    assert {key.key_id for key in all_keys()} == {first.key_id, second.key_id, third.key_id}
    assert signs(third)
    assert not signs(first)
    text = (var / "signing_keys.json").read_text()
    assert third.private_key in text
    assert first.private_key not in text
    assert second.private_key not in text


def test_a_configured_key_signs_and_is_not_written_down(settings: Any, var: Path) -> None:
    made = signing_key()
    settings.SIGNING_KEY = CONFIGURED
    key = signing_key()
    assert signs(key)
    assert CONFIGURED not in (var / "signing_keys.json").read_text()
    assert [one.key_id for one in all_keys()] == [key.key_id, made.key_id]
    settings.SIGNING_KEY = ""
    fresh = signing_key()
    assert signs(fresh)
    assert [bool(one.retired_at) for one in all_keys()] == [False, True, True]


@pytest.mark.django_db
def test_the_command_changes_the_key_and_leaves_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    before = signing_key()
    call_command("rotate_signing_key")
    now = signing_key()
    assert now != before
    assert f"Receipts are signed with {now.key_id} now" in capsys.readouterr().out
    assert AuditEvent.objects.get(action="signing_key.rotated").subject == f"signing_key:{now.key_id}"


def test_the_command_says_where_a_configured_key_is_changed(settings: Any) -> None:
    settings.SIGNING_KEY = CONFIGURED
    with pytest.raises(CommandError, match="Set SIGNING_KEY to another one"):
        call_command("rotate_signing_key")


def test_a_configured_key_that_is_none_stops_the_start_and_names_the_variable() -> None:
    program = "from django.core.exceptions import ImproperlyConfigured as Wrong\n"
    program += "try: import webapp.settings\nexcept Wrong as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"SIGNING_KEY": "secret", "DVIS_BENCH_VAR": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "SIGNING_KEY: expected 64 hexadecimal digits" in done.stdout


def test_everybody_reads_the_public_keys_and_nobody_the_private_one(client: Client) -> None:
    first, second = signing_key(), key_rotate()
    response = client.get("/.well-known/dvis-bench-keys.json")
    assert response.status_code == 200
    listed = json.loads(response.content)["keys"]
    assert [(key["key_id"], key["public_key"]) for key in listed] == [
        (key.key_id, key.public_key) for key in (second, first)
    ]
    assert [key["retired_at"] is None for key in listed] == [True, False]
    assert {key["algorithm"] for key in listed} == {"Ed25519"}
    assert second.private_key not in response.content.decode()


BROKEN = [b"", b"{", b"[{}]", b'[{"public_key": "zz", "private_key": "", "created_at": ""}]', b"3"]


@pytest.mark.django_db
@pytest.mark.parametrize("broken", BROKEN)
def test_keys_that_cannot_be_read_are_told_and_never_replaced(
    client: Client, var: Path, broken: bytes
) -> None:
    (var / "signing_keys.json").write_bytes(broken)
    for answer in (client.get("/.well-known/dvis-bench-keys.json"), _receipt(client)):
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
        assert "signing_keys.json is damaged" in answer.json()["detail"]
    with pytest.raises(CommandError, match="put the file back from a backup, or move it away"):
        call_command("rotate_signing_key")
    assert (var / "signing_keys.json").read_bytes() == broken


def _receipt(client: Client) -> Any:
    submission = make_submission()
    evaluation_finish_scored(token=claim().token, outcome=Outcome(make_report()))
    return client.get(f"/api/v1/submissions/{submission.id}/receipt")
