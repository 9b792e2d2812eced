"""Compressed pages; pictures, and what is read in ranges, are sent as they are."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

# Pictures, and several of them in one answer.
_SMALL_ALREADY = {"image/jpeg", "application/octet-stream"}


class CompressionMiddleware(GZipMiddleware):
    """It adds random bytes, so that the length of a page reveals nothing of a secret in it (BREACH).

    Files of which clients read ranges are compressed already, and a range counts bytes of the file itself.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_small = response.headers.get("Content-Type") in _SMALL_ALREADY
        if is_small or response.has_header("Accept-Ranges"):
            return response
        found: HttpResponseBase = super().process_response(request, response)
        return found
