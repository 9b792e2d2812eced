"""Upload handler for files in plain forms."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler

# What a form has beside its file.
FORM_BYTES = 1024 * 1024


class LimitedFileUploadHandler(TemporaryFileUploadHandler):
    """Streams to disk, and refuses what is larger than an upload may be before any of it is written."""

    def handle_raw_input(
        self, input_data: Any, META: dict[str, str], content_length: int, *args: Any, **kwargs: Any
    ) -> None:
        if content_length > settings.UPLOAD_LIMIT_BYTES + FORM_BYTES:
            raise RequestDataTooBig(
                f"{content_length:,} bytes; a file may have {settings.UPLOAD_LIMIT_BYTES:,}"
            )
