"""Which server and token the client uses, and how it keeps them."""

from pathlib import Path

import pytest

from webapp.client.credentials import Credentials, folder, resolve, store, stored, tidy
from webapp.client.errors import ClientError, Exit


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "DVIS_BENCH_SERVER", "DVIS_BENCH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_log_in_is_kept_where_only_its_owner_can_read_it(home: Path) -> None:
    path = store(Credentials("http://bench", "dvb_1"))
    assert path == home / ".config" / "dvis-bench" / "credentials"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder().stat().st_mode & 0o777 == 0o700
    assert stored() == Credentials("http://bench", "dvb_1")
    store(Credentials("http://other", "dvb_2"))
    assert resolve(None, None) == Credentials("http://other", "dvb_2")


def test_options_go_before_variables_and_these_before_the_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    store(Credentials("http://kept", "kept"))
    monkeypatch.setenv("DVIS_BENCH_SERVER", "http://variable")
    monkeypatch.setenv("DVIS_BENCH_TOKEN", "variable")
    assert resolve(None, None) == Credentials("http://variable", "variable")
    assert resolve("http://option", "option") == Credentials("http://option", "option")


def test_a_kept_token_is_sent_to_no_other_server() -> None:
    store(Credentials("http://kept", "secret"))
    assert resolve("http://kept/", None).token == "secret"
    assert resolve("http://elsewhere", None).token == ""


def test_without_any_server_it_says_how_to_name_one() -> None:
    with pytest.raises(ClientError, match=r"dvis-bench login.*--server URL") as error:
        resolve(None, None)
    assert error.value.exit_status == Exit.USAGE


def test_a_damaged_file_is_told_with_its_name(home: Path) -> None:
    store(Credentials("http://bench", "x")).write_text("{")
    with pytest.raises(ClientError, match="credentials cannot be read"):
        stored()


@pytest.mark.parametrize(
    "address", ["http://bench.org", "http://bench.org/", "http://bench.org/api/v1/", "bench.org"]
)
def test_one_server_is_one_server_however_it_is_written(address: str) -> None:
    assert tidy(address) == "http://bench.org"
