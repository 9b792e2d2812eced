"""Kinds of uploads and their size limits."""

from dataclasses import dataclass

from django.conf import settings

from webapp.refusal import Refused


@dataclass(frozen=True, slots=True)
class UploadKind:
    """`limit` is the setting with the most bytes; `hint` says what to do with a larger file."""

    name: str
    limit: str
    hint: str

    @property
    def limit_bytes(self) -> int:
        return int(getattr(settings, self.limit))

    def check(self, length: int) -> None:
        """Raise Refused for more bytes than this server takes."""
        if length > self.limit_bytes:
            raise Refused(
                "upload-too-large",
                f"The file has {length:,} bytes, but this server takes at most {self.limit_bytes:,}.",
                self.hint,
                status=413,
            )


PREDICTIONS = UploadKind(
    "submission",
    "UPLOAD_LIMIT_BYTES",
    "Compress it (a zip with results.json), or ask the organisers for a higher limit.",
)
CHECKPOINT = UploadKind(
    "checkpoint",
    "CHECKPOINT_LIMIT_BYTES",
    "Keep the weights alone, without the optimiser's state, or ask the organisers for a higher limit.",
)
KINDS = {kind.name: kind for kind in (PREDICTIONS, CHECKPOINT)}
