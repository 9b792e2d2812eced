"""Context of every page."""

from importlib.metadata import version

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from webapp.jobs.selectors import QueueState, queue_state

VERSION = version("dvis-bench")
# The header is on every page: without this, every view would ask the database twice more.
QUEUE_STATE_S = 3


def site(request: HttpRequest) -> dict[str, object]:
    return {"site_name": settings.SITE_NAME, "version": VERSION, "queue": SimpleLazyObject(_queue)}


def _queue() -> QueueState:
    state = cache.get("queue-state")
    if not isinstance(state, QueueState):
        state = queue_state()
        cache.set("queue-state", state, QUEUE_STATE_S)
    return state
