"""Lists in pages: each answer names the address of the next one, which stays right while rows are added."""

from collections.abc import Callable
from typing import Any

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.pagination import PaginationBase

from webapp.refusal import Refused

SALT = "api-cursor"


class Keyset(PaginationBase):
    """Pages by the values of two fields that together are unique, both in the same direction.

    Args:
        by: the fields, such as ("-created_at", "-id").
        prepare: asks for what the rows of a page need, for all of them at once.
        show: makes of a row and the request what is answered; by default the endpoint's schema reads the row.
    """

    items_attribute = "results"

    class Input(Schema):
        limit: int = Field(50, ge=1, le=200)
        cursor: str = Field("", description="comes with the address in `next`")

    class Output(Schema):
        results: list[Any]
        next: str | None = Field(description="address of the next page; null on the last")

    def __init__(
        self,
        by: tuple[str, str],
        show: Callable[[Any, HttpRequest], Any] | None = None,
        prepare: Callable[[list[Any]], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.by, self.show, self.prepare = by, show, prepare
        self.first, self.second = (field.removeprefix("-") for field in by)
        self.beyond = "lt" if by[0].startswith("-") else "gt"

    def paginate_queryset(
        self, queryset: QuerySet[Any], pagination: Input, request: HttpRequest, **params: Any
    ) -> dict[str, Any]:
        rows = queryset.order_by(*self.by)
        if pagination.cursor:
            rows = rows.filter(self._after(pagination.cursor, self._salt(queryset.model)))
        found = list(rows[: pagination.limit + 1])
        results = found[: pagination.limit]
        more = len(found) > len(results)
        following = self._address(request, results[-1]) if more else None
        if self.prepare:
            self.prepare(results)
        if self.show:
            results = [self.show(row, request) for row in results]
        return {"results": results, "next": following}

    def _salt(self, model: type[Model]) -> str:
        """A cursor is good for lists of the same kind in the same order: others have other values."""
        return f"{SALT}:{model._meta.label}:{','.join(self.by)}"

    def _after(self, cursor: str, salt: str) -> Q:
        try:
            first, second = signing.loads(cursor, salt=salt)
        except (signing.BadSignature, ValueError):
            raise Refused(
                "bad-cursor", "This cursor is not from here.", "Follow the addresses in `next`.", status=400
            ) from None
        later = Q(**{self.first: first, f"{self.second}__{self.beyond}": second})
        return Q(**{f"{self.first}__{self.beyond}": first}) | later

    def _address(self, request: HttpRequest, last: Model) -> str:
        position = [str(getattr(last, field)) for field in (self.first, self.second)]
        query = request.GET.copy()
        query["cursor"] = signing.dumps(position, salt=self._salt(type(last)))
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
