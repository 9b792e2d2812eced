"""What every page knows."""

from importlib.metadata import version

from django.conf import settings
from django.http import HttpRequest

VERSION = version("dvis-bench")


def site(request: HttpRequest) -> dict[str, object]:
    return {"site_name": settings.SITE_NAME, "version": VERSION}
