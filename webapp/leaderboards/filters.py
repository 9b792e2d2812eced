"""The filters of a leaderboard. The whole state of the page lives in its address, parsed here."""

import hashlib
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

from webapp.methods.factors import canonical

ORIGINS = {"upload": "Scored here", "run": "Reference run", "reported": "Reported"}
FACTOR_FACETS = {"backbone": "Backbone", "mode": "Mode"}
ROWS_SHOWN = 25
LAST_PAGE = 100_000
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
    rows: tuple[int, ...] = ()
    page: int = 1

    @classmethod
    def from_query(cls, query: QueryDict) -> "Filters":
        """Read an address. What it does not know or cannot read, it leaves out: an address never fails."""
        sort = _last(query, "sort")
        filters = cls(
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
            rows=_row_ids(query),
        )
        return replace(filters, page=_page(_last(query, "page"), filters.order))

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
            ("rows", ",".join(map(str, self.rows))),
            ("page", str(self.page) if self.page > 1 else ""),
        ]
        return urlencode([(key, value) for key, value in pairs if value], safe=",")

    @property
    def order(self) -> str:
        """A short name of the rows and their order: a page is one of these."""
        state = replace(self, rows=(), page=1, all_columns=False).to_query()
        return hashlib.sha256(state.encode()).hexdigest()[:8]

    @property
    def form_page(self) -> str:
        """The page as a field of the form, which tells whether another order was asked for with it."""
        return f"{self.page}.{self.order}" if self.page > 1 else ""

    def toggled(self, facet: str, value: str) -> "Filters":
        """Return the state after a click on a facet's chip; it begins at the first page."""
        if facet == "extra_data":
            return replace(self, extra_data="" if self.extra_data else value, page=1)
        now: tuple[str, ...] = getattr(self, facet)
        after = tuple(v for v in now if v != value) if value in now else tuple(sorted((*now, value)))
        changed: dict[str, tuple[str, ...]] = {facet: after}
        return replace(self, page=1, **changed)  # type: ignore[arg-type]  # facet names are checked by getattr above

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


def _page(text: str, order: str) -> int:
    """Read a page, as `3`, or as the form has it: `3.0a1b2c3d`, the page of another order being the first."""
    number, _, of_order = text.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 7) or of_order not in ("", order):
        return 1
    return min(max(1, int(number)), LAST_PAGE)


def _row_ids(query: QueryDict) -> tuple[int, ...]:
    """Both spellings: `rows=3,5` of our links, `rows=3&rows=5` of the plain form."""
    texts = ",".join(query.getlist("rows")).split(",")
    ids = {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16}
    return tuple(sorted(ids))[:CHOSEN_LIMIT]
