"""A file whose bytes do not pass through Django: the web server writes them while no thread waits for them.

Django is asked twice. Before the body it decides as for every request (who, whether, where to), takes the
upload's lock and leaves an `Appending` in the intake. The server writes the body there. After it Django gets
the same request again, without a body, counts what has arrived, and answers. The intake is an entry of
`request.META` that no header can make.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from webapp.uploads.files import Appending

KEY = "dvis_bench.intake"


@dataclass
class Intake:
    """One body on its way in.

    Attributes:
        appending: where its bytes go; None before Django has been asked.
        filename, length: of a file in a form: what its part says, and the most bytes that it may have.
    """

    appending: Appending | None = None
    filename: str = ""
    length: int = 0


def intake_of(request: HttpRequest) -> Intake | None:
    """Return the intake of a request whose body the web server takes; None where Django reads it."""
    found = request.META.get(KEY)
    return found if isinstance(found, Intake) else None
