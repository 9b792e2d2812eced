"""The cache, in the broker. Nothing in it is needed: without the broker pages answer, uncounted."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as BrokerAway
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
# After an error the broker is left alone for so long: one that hangs costs a second a call.
PAUSE_S = 5.0
# Somebody else makes what is asked for: so long one waits for it, looking so often.
WAIT_S = 5.0
LOOK_S = 0.01
T = TypeVar("T")


class OptionalRedisCache(RedisCache):
    """A cache that finds and keeps nothing while the broker is away; only counting raises."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._away_until = 0.0

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._try(super().get, default, key, default, version=version)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        self._try(super().set, None, key, value, *args, **kwargs)

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._try(super().add, True, key, value, *args, **kwargs))  # a lock is free

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(self._try(super().delete, False, key, version=version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises RedisError where the broker is away."""
        return int(self._ask(super().incr, key, delta, version=version))

    def _try(self, call: Callable[..., Any], otherwise: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._ask(call, *args, **kwargs)
        except (RedisError, OSError):
            return otherwise

    def _ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < self._away_until:
            raise BrokerAway("the broker did not answer a moment ago")
        try:
            return call(*args, **kwargs)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + PAUSE_S
            log.warning("The cache is not used for %g s, the broker is away: %s", PAUSE_S, error)
            raise


def made_once(key: str, make: Callable[[], T], *, kept_s: float) -> T:
    """Return what is kept under `key`; where nothing is, make it, once for all who ask at the same time."""
    found: T | None = cache.get(key)
    if found is not None:
        return found
    lock = f"{key}:lock"
    if cache.add(lock, True, WAIT_S):
        try:
            made = make()
            cache.set(key, made, kept_s)
        finally:
            cache.delete(lock)
        return made
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and cache.get(lock):
        time.sleep(LOOK_S)
    found = cache.get(key)
    return make() if found is None else found
