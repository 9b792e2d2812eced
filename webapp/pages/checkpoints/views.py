"""Pages of checkpoints: the list, the upload, and one with what is known of it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.accounts.models import User
from webapp.checkpoints import services
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.selectors import checkpoint_get
from webapp.pages.checkpoints.forms import CheckpointForm, SharingForm
from webapp.pages.checkpoints.page import FILTERS, checkpoint_page, checkpoints_shown
from webapp.pages.live import live_page, logged_in, missing_is_404, told_if_refused
from webapp.refusal import Refused
from webapp.uploads.intake import intake_of
from webapp.uploads.models import Upload

PAGE_SIZE = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The checkpoints that a person may run: own, shared and public ones."""
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
    user = logged_in(request)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    initial = {"visibility": Checkpoint.Visibility.PRIVATE}
    form = CheckpointForm(*sent, user=user, intake=intake_of(request), initial=initial)
    problem, upload, status = None, None, 422 if request.method == "POST" else 200
    if request.method == "POST":
        try:
            upload = form.received()
            if form.is_valid() and upload:
                return redirect(_create(form, user, upload))
        except Refused as refused:
            problem = refused.problem
            status = refused.form_status
    context = {"section": "mine", "form": form, "upload": upload, "problem": problem}
    return render(request, "checkpoints/new.html", context, status=status)


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
    }
    templates = {"page": "checkpoints/detail.html", "state": "checkpoints/partials/state.html"}
    return live_page(request, **templates, state_id="checkpoint-state", context=context)


@login_required
@require_POST
def share(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    checkpoint = _get(request, checkpoint_id)
    form = SharingForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Not saved: it needs a name of up to 100 characters.")
        return redirect(checkpoint)
    with told_if_refused(request):
        services.checkpoint_update(checkpoint=checkpoint, actor=logged_in(request), **form.cleaned_data)
        messages.success(request, "Saved.")
    return redirect(checkpoint)


@login_required
@require_POST
def delete(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    checkpoint = _get(request, checkpoint_id)
    with told_if_refused(request):
        services.checkpoint_delete(checkpoint=checkpoint, actor=logged_in(request))
        messages.success(request, f"{checkpoint.name} is deleted.")
        return redirect("checkpoints:list")
    return redirect(checkpoint)


@login_required
@require_POST
def retry(request: HttpRequest, checkpoint_id: UUID) -> HttpResponse:
    checkpoint = _get(request, checkpoint_id)
    with told_if_refused(request):
        services.checkpoint_retry(checkpoint=checkpoint, actor=logged_in(request))
    return redirect(checkpoint)


def _get(request: HttpRequest, checkpoint_id: UUID) -> Checkpoint:
    with missing_is_404():
        return checkpoint_get(user=request.user, id=checkpoint_id)
