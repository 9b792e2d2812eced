"""Pages of checkpoints: the list, the upload, and one with what is known of it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.accounts.models import User
from webapp.checkpoints import services
from webapp.checkpoints.forms import CheckpointForm, SharingForm
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.pages import FILTERS, checkpoint_page, checkpoints_shown
from webapp.checkpoints.selectors import checkpoint_get
from webapp.refusal import Refused
from webapp.uploads.kinds import CHECKPOINT
from webapp.uploads.models import Upload
from webapp.uploads.services import upload_from_file

PAGE_SIZE = 50
STATE_ID = "checkpoint-state"


def _person(request: HttpRequest) -> User:
    """The user of a page that needs one."""
    assert isinstance(request.user, User)
    return request.user


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What this person may run: their own, those shared with them, and the public ones."""
    show = request.GET.get("show", "")
    rows = checkpoints_shown(request.user, show)
    context = {
        "section": "mine",
        "page_obj": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "filters": FILTERS if request.user.is_authenticated else {},
        "show": show if show in FILTERS else "",
    }
    return render(request, "checkpoints/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Upload one. Scripts send the file before the form; without them it comes with it."""
    user = _person(request)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = CheckpointForm(*sent, user=user, initial={"visibility": Checkpoint.Visibility.PRIVATE})
    problem, upload = None, None
    if request.method == "POST":
        try:
            upload = _upload_of(form, user)
            if form.is_valid() and upload:
                return redirect(_create(form, user, upload))
        except Refused as refused:
            problem = refused.problem
    context = {"section": "mine", "form": form, "upload": upload, "problem": problem}
    context["limit"] = CHECKPOINT.limit_bytes
    return render(request, "checkpoints/new.html", context, status=422 if request.method == "POST" else 200)


def _upload_of(form: CheckpointForm, user: User) -> Upload | None:
    """The upload that the form names, or one made of the file that came with it. Nothing sent is lost."""
    form.is_valid()
    file = form.cleaned_data.get("file")
    if file is not None:
        return upload_from_file(owner=user, file=file, kind=CHECKPOINT)
    upload: Upload | None = form.cleaned_data.get("upload")
    return upload


def _create(form: CheckpointForm, user: User, upload: Upload) -> Checkpoint:
    assert upload.blob is not None
    return services.checkpoint_create(
        owner=user,
        name=form.cleaned_data["name"],
        source=upload.blob,
        filename=upload.filename,
        visibility=form.cleaned_data["visibility"],
        shared_with=form.cleaned_data["shared_with"],
    )


@require_safe
def detail(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    """One checkpoint, live: while it is unfinished its state asks for itself again."""
    checkpoint = _get(request, checkpoint_id)
    page = checkpoint_page(checkpoint, request.user)
    sharing = {"name": checkpoint.name, "visibility": checkpoint.visibility, "shared_with": page.shared_with}
    context = {
        "section": "mine",
        "checkpoint": checkpoint,
        "page": page,
        "form": SharingForm(initial=sharing),
        "state_id": STATE_ID,
    }
    is_state = request.headers.get("HX-Target") == STATE_ID
    template = "checkpoints/partials/state.html" if is_state else "checkpoints/detail.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def share(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    checkpoint = _get(request, checkpoint_id)
    form = SharingForm(request.POST)
    try:
        if form.is_valid():
            services.checkpoint_update(checkpoint=checkpoint, actor=_person(request), **form.cleaned_data)
            messages.success(request, "Saved.")
        else:
            messages.error(request, "Not saved: it needs a name of up to 100 characters.")
    except Refused as refused:
        messages.error(request, f"{refused.message} {refused.hint}")
    return redirect(checkpoint)


@login_required
@require_POST
def delete(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    checkpoint = _get(request, checkpoint_id)
    try:
        services.checkpoint_delete(checkpoint=checkpoint, actor=_person(request))
    except Refused as refused:
        messages.error(request, f"{refused.message} {refused.hint}")
        return redirect(checkpoint)
    messages.success(request, f"{checkpoint.name} is deleted.")
    return redirect("checkpoints:list")


@login_required
@require_POST
def retry(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    checkpoint = _get(request, checkpoint_id)
    try:
        services.checkpoint_retry(checkpoint=checkpoint, actor=_person(request))
    except Refused as refused:
        messages.error(request, f"{refused.message} {refused.hint}")
    return redirect(checkpoint)


def _get(request: HttpRequest, checkpoint_id: UUID) -> Checkpoint:
    try:
        return checkpoint_get(user=request.user, id=checkpoint_id)
    except Checkpoint.DoesNotExist as error:
        raise Http404("no such checkpoint, or not for you") from error
