"""Points in time as text: always with their zone, which is UTC."""

from datetime import UTC, datetime


def moment(time: datetime) -> str:
    """A time as pages, messages and commands write it.

    >>> moment(datetime(2027, 1, 5, 12, tzinfo=UTC))
    '5 Jan 2027, 12:00 UTC'
    """
    return time.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC").removeprefix("0")
