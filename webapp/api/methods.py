"""/methods and /variants."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from webapp.methods.models import DESCRIPTION_CHARACTERS, Method, Variant
from webapp.methods.services import method_get_or_create, method_update, variant_get_or_create, variant_update
from webapp.refusal import Refused
from webapp.rest.auth import anyone, person, submitter, user
from webapp.rest.document import problems
from webapp.rest.idempotency import idempotent
from webapp.rest.pages import Keyset
from webapp.submissions.methods import methods_of, methods_visible_to, variants_visible_to

router = Router(tags=["methods"])
LATEST_FIRST = ("-created_at", "-id")


class VariantOut(Schema):
    id: int
    method: str = Field(alias="method.slug", description="the method's slug")
    name: str
    factors: dict[str, str]
    created_at: datetime


class MethodOut(Schema):
    slug: str
    name: str
    owner: str | None
    team: str
    authors: str
    venue: str
    year: int | None
    paper_url: str
    code_url: str
    description: str
    variants: list[VariantOut]
    created_at: datetime

    @staticmethod
    def resolve_owner(method: Method) -> str | None:
        return method.owner.get_username() if method.owner else None


class MethodFields(Schema):
    team: str = Field("", max_length=200)
    authors: str = Field("", max_length=300)
    venue: str = Field("", max_length=100)
    year: int | None = Field(None, ge=1900, le=2100)
    paper_url: str = Field("", max_length=200)
    code_url: str = Field("", max_length=200)
    description: str = Field("", max_length=DESCRIPTION_CHARACTERS)


class MethodIn(MethodFields):
    name: str = Field(min_length=1, max_length=100)


class MethodPatch(MethodFields):
    """Changes of a method: omitted fields stay, an empty text or null removes the value."""

    name: str = Field("", min_length=1, max_length=100)


class VariantIn(Schema):
    method: str = Field(description="slug of one of your methods")
    name: str = Field("default", min_length=1, max_length=150)
    factors: dict[str, str] = Field(
        {}, description="such as {'backbone': 'ResNet-50', 'mode': 'online'}; aliases such as R50 work"
    )


class VariantPatch(Schema):
    name: str | None = Field(None, min_length=1, max_length=150)
    factors: dict[str, str] | None = None


@router.get("/methods", response=list[MethodOut], auth=anyone, summary="List methods")
@paginate(Keyset, by=LATEST_FIRST)
def methods(request: HttpRequest, q: str = "", mine: bool = False) -> QuerySet[Method]:
    """Methods with numbers you may see, and your own, latest first. `q` finds by name, `mine` keeps own."""
    only_own = mine and request.user.is_authenticated
    rows = methods_of(user(request)) if only_own else methods_visible_to(person(request))
    return rows.filter(name__icontains=q)


@router.get("/methods/{slug:slug}", response=MethodOut, auth=anyone, summary="Read a method")
def method(request: HttpRequest, slug: str) -> Method:
    """One method with its variants."""
    return get_object_or_404(methods_visible_to(person(request)), slug=slug)


@router.post(
    "/methods",
    response={201: MethodOut},
    auth=submitter,
    summary="Make a method",
    openapi_extra=problems(409),
)
@idempotent
def method_post(request: HttpRequest, payload: MethodIn, response: HttpResponse) -> Status[Schema]:
    """Make a method of your own. One of that name that you have already is answered as it is."""
    fields = payload.dict(exclude={"name"})
    made = method_get_or_create(owner=user(request), name=payload.name, **fields)
    return Status(201, MethodOut.from_orm(methods_of(user(request)).get(pk=made.pk)))


@router.patch("/methods/{slug:slug}", response=MethodOut, auth=submitter, summary="Change a method")
def method_patch(request: HttpRequest, slug: str, payload: MethodPatch) -> Method:
    """Change what is given. Yours only."""
    row = get_object_or_404(methods_visible_to(user(request)), slug=slug)
    method_update(method=row, actor=user(request), **payload.dict(exclude_unset=True))
    return methods_visible_to(user(request)).get(pk=row.pk)


@router.get("/variants", response=list[VariantOut], auth=anyone, summary="List variants")
@paginate(Keyset, by=LATEST_FIRST)
def variants(request: HttpRequest, method: str = "") -> QuerySet[Variant]:
    """Variants with numbers that you may see, and yours; latest first. `method` is the slug of one method."""
    return variants_visible_to(person(request)).filter(**({"method__slug": method} if method else {}))


@router.get("/variants/{int:id}", response=VariantOut, auth=anyone, summary="Read a variant")
def variant(request: HttpRequest, id: int) -> Variant:
    return get_object_or_404(variants_visible_to(person(request)), pk=id)


@router.post(
    "/variants",
    response={201: VariantOut},
    auth=submitter,
    summary="Make a variant",
    openapi_extra=problems(409),
)
@idempotent
@transaction.atomic
def variant_post(request: HttpRequest, payload: VariantIn, response: HttpResponse) -> Status[Schema]:
    """Make a variant of one of your methods."""
    parent = methods_of(user(request)).filter(slug=payload.method).first()
    if parent is None:
        raise Refused(
            "unknown-method",
            f"You have no method {payload.method!r}.",
            "Give the slug of one of yours; POST /methods makes one.",
        )
    made = variant_get_or_create(method=parent, name=payload.name, factors=payload.factors)
    return Status(201, VariantOut.from_orm(made))


@router.patch("/variants/{int:id}", response=VariantOut, auth=submitter, summary="Change a variant")
def variant_patch(request: HttpRequest, id: int, payload: VariantPatch) -> Variant:
    """Rename a variant or give it other factors. Yours only."""
    row = get_object_or_404(variants_visible_to(user(request)), pk=id)
    fields: dict[str, Any] = payload.dict(exclude_unset=True)
    return variant_update(variant=row, actor=user(request), **fields)
