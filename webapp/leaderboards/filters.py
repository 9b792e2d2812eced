"""The filters of a leaderboard. The whole state of the page lives in its address, parsed here."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

from webapp.methods.factors import canonical

ORIGINS = {"upload": "Scored here", "run": "Reference run", "reported": "Reported"}
FACTOR_FACETS = {"backbone": "Backbone", "mode": "Mode"}
ROWS_SHOWN = 25
CHOSEN_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Filters:
    """Facets (values of one joined by OR, facets by AND), a text to find, an order, chosen rows."""

    split: str = ""
    subset: str = ""
    backbone: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    extra_data: str = field(default="", metadata={"choices": "'' or 'none'"})
    q: str = ""
    sort: str = ""
    secondary: bool = False
    all_columns: bool = False
    all_rows: bool = False
    rows: tuple[int, ...] = ()

    @classmethod
    def from_query(cls, query: QueryDict) -> "Filters":
        """Read an address. What it does not know or cannot read, it leaves out: an address never fails."""
        sort = _last(query, "sort")
        return cls(
            split=_last(query, "split")[:40],
            subset=_last(query, "subset").replace("\x00", "")[:40],
            backbone=_words(query, "backbone"),
            mode=_words(query, "mode"),
            origin=tuple(value for value in _several(query, "origin") if value in ORIGINS),
            extra_data="none" if _last(query, "extra_data") == "none" else "",
            q=" ".join(_last(query, "q").replace("\x00", "").split())[:100],
            sort="" if sort in ("", "rank") else sort[:40],
            secondary=_last(query, "secondary") == "1",
            all_columns=_last(query, "columns") == "all",
            all_rows=_last(query, "show") == "all",
            rows=_row_ids(query),
        )

    def to_query(self) -> str:
        """Return the one address of this state, without "?": defaults are left out, order is fixed."""
        pairs = [
            ("split", self.split),
            ("subset", self.subset),
            *(("backbone", value) for value in self.backbone),
            *(("mode", value) for value in self.mode),
            *(("origin", value) for value in self.origin),
            ("extra_data", self.extra_data),
            ("q", self.q),
            ("sort", self.sort),
            ("secondary", "1" if self.secondary else ""),
            ("columns", "all" if self.all_columns else ""),
            ("show", "all" if self.all_rows else ""),
            ("rows", ",".join(map(str, self.rows))),
        ]
        return urlencode([(key, value) for key, value in pairs if value], safe=",")

    def toggled(self, facet: str, value: str) -> "Filters":
        """Return the state after a click on a facet's chip."""
        if facet == "extra_data":
            return replace(self, extra_data="" if self.extra_data else value)
        now: tuple[str, ...] = getattr(self, facet)
        after = tuple(v for v in now if v != value) if value in now else tuple(sorted((*now, value)))
        changed: dict[str, tuple[str, ...]] = {facet: after}
        return replace(self, **changed)  # type: ignore[arg-type]  # facet names are checked by getattr above

    @property
    def narrows(self) -> bool:
        """Return whether rows are left out."""
        return bool(self.backbone or self.mode or self.origin or self.extra_data or self.q)


def _last(query: QueryDict, key: str) -> str:
    return query.get(key) or ""


def _several(query: QueryDict, key: str) -> tuple[str, ...]:
    return tuple(sorted({value[:100] for value in query.getlist(key) if value and "\x00" not in value}))


def _words(query: QueryDict, factor: str) -> tuple[str, ...]:
    """The values of a factor in canonical words: an address with an alias is another spelling of the same."""
    return tuple(sorted({canonical(factor, word) for word in _several(query, factor)}))


def _row_ids(query: QueryDict) -> tuple[int, ...]:
    """Both spellings: `rows=3,5` of our links, `rows=3&rows=5` of the plain form."""
    texts = ",".join(query.getlist("rows")).split(",")
    ids = {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16}
    return tuple(sorted(ids))[:CHOSEN_LIMIT]
