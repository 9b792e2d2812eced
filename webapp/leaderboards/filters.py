"""The filters of a leaderboard. The whole state of the page lives in its address, parsed here."""

import hashlib
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

from webapp.leaderboards.metrics import CATEGORIES, COSTS, GROUPS
from webapp.methods.factors import canonical

ORIGINS = {"upload": "Scored here", "run": "Reference run", "reported": "Reported"}
FACTOR_FACETS = {"backbone": "Backbone", "mode": "Mode"}
ROWS_SHOWN = 25
LAST_PAGE = 100_000
CHOSEN_LIMIT = 12
# In addresses, and as a chip: devices that nobody named.
UNNAMED = "not named"
OPENED = (*GROUPS, COSTS, CATEGORIES)


@dataclass(frozen=True, slots=True)
class Filters:
    """Facets (values of one joined by OR, facets by AND), a text to find, an order, chosen rows, columns.

    Attributes:
        method: slugs; rows of exactly these methods.
        device: rows whose speed was measured on one of these.
        best: one row per method, its best by the metric that ranks.
        without: also rows without the number by which the board is sorted.
        groups: of columns, which are open in full, or with "-" closed.
        metrics: exactly these columns, whatever the groups.
        baseline: the variant to which numbers are shown as differences.
        y: the metric of the chart of quality against speed.
    """

    split: str = ""
    subset: str = ""
    backbone: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    extra_data: str = field(default="", metadata={"choices": "'' or 'none'"})
    q: str = ""
    sort: str = ""
    secondary: bool = False
    best: bool = False
    without: bool = False
    all_columns: bool = False
    groups: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    baseline: int = 0
    y: str = ""
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
            method=_several(query, "method"),
            device=_several(query, "device"),
            extra_data="none" if _last(query, "extra_data") == "none" else "",
            q=" ".join(_last(query, "q").replace("\x00", "").split())[:100],
            sort="" if sort in ("", "rank") else sort[:40],
            secondary=_last(query, "secondary") == "1",
            best=_last(query, "per") == "method",
            without=_last(query, "without") == "1",
            all_columns=_last(query, "columns") == "all",
            groups=_groups(query),
            metrics=_listed(query, "metrics"),
            baseline=next(iter(_ids(query, "baseline")), 0),
            y=_last(query, "y").replace("\x00", "")[:40],
            rows=_ids(query, "rows")[:CHOSEN_LIMIT],
        )
        return replace(filters, page=_page(_last(query, "page"), filters.order))

    def pairs(self) -> list[tuple[str, str]]:
        """Return this state as the names and values of an address or a form; defaults are left out."""
        pairs = [
            ("split", self.split),
            ("subset", self.subset),
            *(("backbone", value) for value in self.backbone),
            *(("mode", value) for value in self.mode),
            *(("origin", value) for value in self.origin),
            *(("method", value) for value in self.method),
            *(("device", value) for value in self.device),
            ("extra_data", self.extra_data),
            ("q", self.q),
            ("sort", self.sort),
            ("secondary", "1" if self.secondary else ""),
            ("per", "method" if self.best else ""),
            ("without", "1" if self.without else ""),
            ("columns", "all" if self.all_columns else ",".join(self.groups)),
            ("metrics", ",".join(self.metrics)),
            ("baseline", str(self.baseline) if self.baseline else ""),
            ("y", self.y),
            ("rows", ",".join(map(str, self.rows))),
            ("page", str(self.page) if self.page > 1 else ""),
        ]
        return [(key, value) for key, value in pairs if value]

    def to_query(self) -> str:
        """Return the one address of this state, without "?"; the order is fixed."""
        return urlencode(self.pairs(), safe=",")

    @property
    def order(self) -> str:
        """A short name of the rows and their order: a page is one of these."""
        shown = {"all_columns": False, "groups": (), "metrics": (), "baseline": 0, "y": ""}
        state = replace(self, rows=(), page=1, **shown).to_query()  # type: ignore[arg-type]  # by name
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
        facets = (self.backbone, self.mode, self.origin, self.method, self.device, self.extra_data)
        return any(facets) or bool(self.q) or self.best

    def with_group(self, group: str, wanted: str) -> "Filters":
        """Return the state in which a group of columns is "open", "closed", or "" as it is at first."""
        others = [one for one in self.groups if one.removeprefix("-") != group]
        mine = {"open": [group], "closed": [f"-{group}"], "": []}[wanted]
        return replace(self, groups=tuple(sorted([*others, *mine])), all_columns=False, metrics=())


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


def _listed(query: QueryDict, key: str) -> tuple[str, ...]:
    """Both spellings: `rows=3,5` of our links, `rows=3&rows=5` of a plain form; in order, each once."""
    texts = ",".join(query.getlist(key)).replace("\x00", "").split(",")
    return tuple(dict.fromkeys(text[:40] for text in texts if text))[:100]


def _groups(query: QueryDict) -> tuple[str, ...]:
    found = {text.removeprefix("-"): text for text in _listed(query, "columns")}
    return tuple(sorted(text for group, text in found.items() if group in OPENED))


def _ids(query: QueryDict, key: str) -> tuple[int, ...]:
    texts = _listed(query, key)
    ids = {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16}
    return tuple(sorted(ids - {0}))
