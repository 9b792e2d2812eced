"""Limits of requests per minute, for a person or an address. Without the broker nothing is counted."""

import logging
import time
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.throttling import SimpleRateThrottle
from redis.exceptions import RedisError

from webapp.accounts.addresses import limited_address

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Usage:
    """Values of the RateLimit headers."""

    limit: int
    remaining: int
    reset_s: int


class RateThrottle(SimpleRateThrottle):
    """Counts in fixed windows by one atomic step, so that parallel requests are all counted."""

    def __init__(self) -> None:
        super().__init__(rate=settings.API_THROTTLE_USER)

    def allow_request(self, request: HttpRequest) -> bool:
        if request.user.is_authenticated:
            who, rate = f"user-{request.user.pk}", settings.API_THROTTLE_USER
        else:
            who, rate = f"address-{limited_address(request)}", settings.API_THROTTLE_ANONYMOUS
        usage = count(who, rate)
        request.rate_usage = usage  # type: ignore[attr-defined]  # read by ApiMiddleware
        return usage is None or usage.remaining >= 0

    def wait(self) -> float | None:
        return None  # ApiMiddleware writes Retry-After: this object is shared by all threads


def count(who: str, rate: str, *, step: int = 1) -> Usage | None:
    """Count `step` for somebody in the present window; None where nothing is counted."""
    limit, window_s = SimpleRateThrottle(rate).parse_rate(rate)
    if limit is None or window_s is None:
        return None
    window, spent_s = divmod(time.time(), window_s)
    key = f"throttle:{who}:{int(window)}"
    try:
        cache.add(key, 0, timeout=window_s)
        used = cache.incr(key, step)
    except ValueError:  # the window ended between the two
        used = step
    except (RedisError, OSError) as error:
        log.warning("requests are not counted, the broker is away: %s", error)
        return None
    return Usage(limit=limit, remaining=limit - used, reset_s=max(1, round(window_s - spent_s)))


def wrong_token_count(request: HttpRequest) -> None:
    """Count a wrong token of this address."""
    count(_who_sends_wrong_tokens(request), settings.API_THROTTLE_ANONYMOUS)


def wrong_tokens_too_many(request: HttpRequest) -> bool:
    """Return whether this address has sent so many wrong tokens that no further one is looked up."""
    usage = count(_who_sends_wrong_tokens(request), settings.API_THROTTLE_ANONYMOUS, step=0)
    if usage is None or usage.remaining > 0:
        return False
    request.rate_usage = replace(usage, remaining=-1)  # type: ignore[attr-defined]  # read by ApiMiddleware
    return True


def _who_sends_wrong_tokens(request: HttpRequest) -> str:
    return f"wrong-tokens-{limited_address(request)}"
