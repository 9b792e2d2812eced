"""/checkpoints: weights for reference runs, made from a finished upload."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.selectors import checkpoint_get, checkpoint_sentence, checkpoints_visible_to
from webapp.checkpoints.services import checkpoint_create, checkpoint_delete, checkpoint_update
from webapp.jobs.selectors import jobs_foresee
from webapp.rest.auth import anyone, person, submitter, user
from webapp.rest.document import made, problems
from webapp.rest.idempotency import idempotent
from webapp.rest.pages import Keyset
from webapp.rest.problems import ProblemItem
from webapp.uploads.kinds import CHECKPOINT
from webapp.uploads.selectors import upload_finished

router = Router(tags=["checkpoints"])
MADE = made(201, 409, 410, 507)
Visibility = Literal["private", "public"]


class CheckpointIn(Schema):
    upload: UUID = Field(
        description="id of a finished upload (of the kind checkpoint), the end of its address"
    )
    name: str = Field("", max_length=100, description="empty: the file's name")
    visibility: Visibility = "private"
    shared_with: list[str] = Field([], description="usernames of others who may see and run it")


class CheckpointPatch(Schema):
    name: str | None = Field(None, min_length=1, max_length=100)
    visibility: Visibility | None = None
    shared_with: list[str] | None = Field(None, description="all of them: who is not named is left out")


class CheckpointOut(Schema):
    id: UUID
    name: str
    owner: str = Field(alias="owner.username")
    filename: str
    status: str = Field(description="received, checking, ready, refused or failed")
    status_text: str
    sha256: str = Field(description="of the file that was uploaded")
    size: int = Field(alias="source.size", description="bytes")
    configurations: list[str] = Field(description="names of all models of /models that it fits")
    parameters: int | None = Field(description="numbers in all its tensors; null until it is ready")
    problems: list[ProblemItem]
    visibility: str
    shared_with: list[str] | None = Field(description="null: only its owner sees them")
    created_at: datetime
    links: dict[str, str]

    @staticmethod
    def resolve_status(row: Checkpoint) -> str:
        return row.status.value

    @staticmethod
    def resolve_status_text(row: Checkpoint) -> str:
        return checkpoint_sentence(row)

    @staticmethod
    def resolve_shared_with(row: Checkpoint, context: Any) -> list[str] | None:
        asking = context["request"].user
        if not asking.is_staff and asking.pk != row.owner_id:
            return None
        return sorted(user.get_username() for user in row.shared_with.all())

    @staticmethod
    def resolve_links(row: Checkpoint, context: Any) -> dict[str, str]:
        address = context["request"].build_absolute_uri
        own = reverse("api:checkpoint", args=[row.id])
        return {"self": address(own), "page": address(row.get_absolute_url())}


def _foresee(rows: list[Checkpoint]) -> None:
    jobs_foresee(row.job for row in rows if hasattr(row, "job"))


@router.get("/checkpoints", response=list[CheckpointOut], auth=anyone, summary="List checkpoints")
@paginate(Keyset, by=("-created_at", "-id"), prepare=_foresee)
def checkpoints(
    request: HttpRequest, mine: bool = False, sha256: str = "", model: str = ""
) -> QuerySet[Checkpoint]:
    """Yours, those shared with you, and public ones; latest first.

    `mine` keeps your own, `sha256` those of one file, `model` those that fit it.
    """
    rows = checkpoints_visible_to(person(request)).prefetch_related("shared_with")
    if mine:
        rows = rows.filter(owner=request.user) if request.user.is_authenticated else rows.none()
    if model:
        rows = rows.filter(configurations__contains=[model])
    return rows.filter(source=sha256) if sha256 else rows


@router.post(
    "/checkpoints",
    response={201: CheckpointOut},
    auth=submitter,
    summary="Make a checkpoint",
    openapi_extra=MADE,
)
@idempotent
def checkpoint_post(request: HttpRequest, payload: CheckpointIn, response: HttpResponse) -> Status[Schema]:
    """Keep a finished upload as a checkpoint. It is checked before it can be run: follow its `status`."""
    owner = user(request)
    upload, blob = upload_finished(user=owner, id=payload.upload, kind=CHECKPOINT)
    made = checkpoint_create(
        owner=owner,
        name=payload.name,
        source=blob,
        filename=upload.filename,
        visibility=payload.visibility,
        shared_with=payload.shared_with,
    )
    out = CheckpointOut.from_orm(_get(request, made.id), context={"request": request})
    response["Location"] = out.links["self"]
    return Status(201, out)


@router.get(
    "/checkpoints/{uuid:id}",
    response=CheckpointOut,
    auth=anyone,
    url_name="checkpoint",
    summary="Follow a checkpoint",
)
def checkpoint(request: HttpRequest, id: UUID) -> Checkpoint:
    """Return a checkpoint: poll until `status` is ready, refused or failed."""
    return _get(request, id)


@router.patch(
    "/checkpoints/{uuid:id}", response=CheckpointOut, auth=submitter, summary="Rename or share a checkpoint"
)
def checkpoint_patch(request: HttpRequest, id: UUID, payload: CheckpointPatch) -> Checkpoint:
    """Change what is given. Yours only."""
    fields: dict[str, Any] = payload.dict(exclude_unset=True)
    checkpoint_update(checkpoint=_get(request, id), actor=user(request), **fields)
    return _get(request, id)


@router.delete(
    "/checkpoints/{uuid:id}",
    response={204: None},
    auth=submitter,
    summary="Delete a checkpoint",
    openapi_extra=problems(409),
)
def checkpoint_remove(request: HttpRequest, id: UUID) -> Status[None]:
    """Delete one that was never run. Yours only."""
    checkpoint_delete(checkpoint=_get(request, id), actor=user(request))
    return Status(204, None)


def _get(request: HttpRequest, id: UUID) -> Checkpoint:
    try:
        return checkpoint_get(user=person(request), id=id)
    except Checkpoint.DoesNotExist:
        raise Http404 from None
