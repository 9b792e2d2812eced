"""What the site writes to its logs."""

import pytest
import structlog


def test_a_traceback_in_the_log_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(password: str) -> None:
        raise RuntimeError(f"{len(password)} characters")

    try:
        fail("correct horse 9")
    except RuntimeError:
        structlog.get_logger().exception("request_failed")
    written = capsys.readouterr().out
    assert "request_failed" in written
    assert "RuntimeError: 15 characters" in written
    assert "correct horse 9" not in written.replace('fail("correct horse 9")', "")
