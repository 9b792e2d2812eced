"""One log line for each request, with the address that the limits count by, too."""

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from webapp.accounts.addresses import client_address


class RequestLog(RequestMiddleware):
    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """The library would believe whatever X-Forwarded-For says."""
        structlog.contextvars.bind_contextvars(ip=client_address(request))
