"""Reading requests: text that PostgreSQL cannot store is refused at the door."""

import json
import re
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from webapp.refusal import Refused

# JSON can name them, UTF-8 cannot write them. Pairs have become one character already.
SURROGATE = re.compile(r"[\ud800-\udfff]")


class PlainTextParser(Parser):
    """JSON bodies and queries, whose texts have neither a NUL character (U+0000) nor half a character."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = json.loads(request.body)
            _check(body)
        except (ValueError, RecursionError) as error:
            raise Refused("body-not-json", f"The body is not JSON: {error}.", status=400) from error
        return body

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> Any:
        _check(dict(data.lists()))
        return super().parse_querydict(data, list_fields, request)


def _check(value: Any) -> None:
    """Raise Refused for what cannot be stored in any text, names of fields included."""
    if isinstance(value, str) and "\x00" in value:
        raise Refused("nul-character", "A text has a NUL character (U+0000).", "Leave it out.")
    if isinstance(value, str) and SURROGATE.search(value):
        raise Refused(
            "half-character",
            "A text has half a character (a surrogate, U+D800 to U+DFFF, alone).",
            "Write both halves, or the character itself.",
        )
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for item in value:
            _check(item)
