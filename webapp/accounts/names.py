"""User names that people could take for another: by letters that look alike, or by what they claim."""

import unicodedata
from functools import cache

from django.conf import settings
from django.utils.text import slugify

# Names that speak for the site, that stand in addresses, or that programs read as "nobody".
RESERVED = (
    *("admin", "administrator", "root", "superuser", "staff", "system", "server", "site", "bot"),
    *("organiser", "organisers", "organizer", "organizers", "moderator", "official", "team", "jury"),
    *("support", "help", "info", "contact", "security", "abuse", "mail", "noreply", "no-reply"),
    *("postmaster", "webmaster", "hostmaster", "api", "www", "status", "accounts", "demo"),
    *("anonymous", "nobody", "none", "null", "undefined", "unknown", "everyone", "me", "self", "you"),
    *("dvis", "dvis-bench", "dvisbench"),
)
KEY_CHARACTERS = 500
# Accounts that looked like an older one before that was refused keep their names: their stored key ends in
# this mark, which stands in no user name, and their number. So each stored key is unique.
KEPT = "#"


def lookalike_key(name: str) -> str:
    r"""A text that is the same for two names where a reader could take one for the other.

    >>> lookalike_key("a1ice") == lookalike_key("ALICE") == lookalike_key("\uff41lice")
    True
    """
    text = name
    for _ in range(2):  # the table has pairs for capital and for small letters
        text = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFKD", "".join(map(_prototype, text))).casefold()
    # The table takes I for l, and names are compared without case, so that i and l meet.
    return text.replace("i", "l")[:KEY_CHARACTERS]


def is_reserved(name: str) -> bool:
    """Return whether a name speaks for the site, also with letters that look like those."""
    names = (*RESERVED, slugify(settings.SITE_NAME))
    return lookalike_key(name) in {lookalike_key(one) for one in names}


@cache
def _prototype(character: str) -> str:
    """The character, or characters, that stand for all that look like this one (Unicode's confusables)."""
    # A table of a megabyte, which only signing up needs.
    from confusable_homoglyphs.confusables import confusables_data

    def alike(text: str) -> list[str]:
        return [item["c"].strip("\u200e") for item in confusables_data.get(text, [])]

    # The table names pairs. Each pair has its prototype, which is the one with the most pairs.
    candidates = [character, *alike(character)]
    return max(candidates, key=lambda text: (len(alike(text)), -len(text), text))
