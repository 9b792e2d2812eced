"""One connection to a server: retries with growing pauses, and errors in words."""

import random
import time
from collections.abc import Callable
from typing import Any

import httpx

from webapp.client.credentials import Credentials
from webapp.client.errors import ClientError, Exit, exit_status_of, problems_text

TRIES = 6
LONGEST_PAUSE_S = 30.0
# Of the address or the token: no use in trying again.
MISTAKES = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
LONGEST_WAIT_S = 120
# The server, or a proxy before it, is being restarted.
PASSING = (502, 503, 504)


class Connection:
    """Speaks to `/api/v1` of one server."""

    def __init__(self, credentials: Credentials) -> None:
        self.server = credentials.server
        headers = {"Authorization": f"Bearer {credentials.token}"} if credentials.token else {}
        try:
            self.http = httpx.Client(
                base_url=f"{credentials.server}/api/v1",
                headers=headers,
                timeout=httpx.Timeout(60.0, connect=10.0),
                follow_redirects=True,
            )
        except (httpx.InvalidURL, ValueError) as error:
            message = f"{credentials.server!r} is not the address of a server ({error})."
            raise ClientError(message, Exit.USAGE) from error

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.call("GET", path, **options)

    def call(self, method: str, path: str, *, missing: str = "", **options: Any) -> httpx.Response:
        """As `ask`, and raises ClientError for a bad answer too; `missing` is what a 404 means here."""
        response = self.ask(method, path, **options)
        if response.status_code == 404 and missing and "problem+json" in response.headers["Content-Type"]:
            message = f"{self.server} has no {missing}, or none that you may see."
            raise ClientError(message, Exit.USAGE, response.json())
        return checked(response)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request that is safe to repeat, until it is answered. Raises ClientError where it is not."""
        for tries in range(TRIES):
            try:
                response = self.http.request(method, path, **options)
            except MISTAKES as error:
                message = f"{self.server!r} with this token cannot be asked: {error}"
                raise ClientError(message, Exit.USAGE) from error
            except httpx.TransportError as error:
                if tries + 1 == TRIES:
                    raise self.unreachable(error) from error
                time.sleep(pause_s(tries))
                continue
            wait_s = _wait_s(response, tries)
            if wait_s is None or tries + 1 == TRIES:
                return response
            time.sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def unreachable(self, error: Exception) -> ClientError:
        reason = str(error) or type(error).__name__
        return ClientError(
            f"{self.server} cannot be reached: {reason}. Check the address and the network, then try again.",
            Exit.UNREACHABLE,
        )


def checked(response: httpx.Response) -> httpx.Response:
    """The response, where it is a good one. Raises ClientError with what the API said."""
    if response.is_success:
        return response
    try:
        document = response.json()
        text = problems_text(document["problems"]) or document["detail"]
    except (ValueError, KeyError, TypeError):
        request = response.request
        message = f"{request.method} {request.url}: the server answered {response.status_code} "
        message += f"{response.reason_phrase}. Is this the address of a DVIS-Bench server?"
        raise ClientError(message, exit_status_of(response.status_code)) from None
    raise ClientError(text, exit_status_of(response.status_code), document)


def pause_s(tries: int, random_part: Callable[[], float] = random.random) -> float:
    """Seconds to wait after so many tries without progress: 0.5, 1, 2, ... with a random part."""
    longest: float = min(LONGEST_PAUSE_S, 0.5 * 2**tries)
    return longest * (0.5 + random_part() / 2)


def _wait_s(response: httpx.Response, tries: int) -> float | None:
    """Return the seconds to wait before the next try; None where the answer stands."""
    asked = response.headers.get("Retry-After", "")
    if response.status_code == 429 and asked.isdigit():
        # A throttle passes within a minute; a quota ends with the day, and its answer says so.
        return float(asked) + random.random() if int(asked) <= LONGEST_WAIT_S else None
    return pause_s(tries) if response.status_code in PASSING else None
