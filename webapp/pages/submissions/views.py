"""Pages of submissions: send one, watch it, read its numbers, list one's own."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.models import User
from webapp.accounts.selectors import is_verified
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.methods.models import Variant
from webapp.methods.services import method_get_or_create, variant_get_or_create
from webapp.pages.charts import chart_file
from webapp.pages.live import live_page, logged_in, missing_is_404, told_if_refused
from webapp.pages.opengraph import result_opengraph
from webapp.pages.snippets import result_snippets
from webapp.pages.submissions import page as pages
from webapp.pages.submissions.forms import CostFields, SubmitForm
from webapp.pages.submissions.mine import MineFilters, mine_choices, mine_rows
from webapp.published.retired import BENCHMARK, RETIRED
from webapp.refusal import Refused
from webapp.submissions import services
from webapp.submissions.models import Submission
from webapp.submissions.selectors import GIVE_BACKS, quota_for, submission_get, submissions_of
from webapp.uploads.intake import intake_of
from webapp.uploads.models import Upload

PAGE_SIZE = 50


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Send predictions. Scripts check and upload the file before; without them it comes with the form."""
    user = logged_in(request)
    with missing_is_404():
        benchmark = benchmark_get(user=user, slug=slug)
        split = split_get(benchmark=benchmark, name=request.GET.get("split", ""))
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = SubmitForm(
        *sent,
        user=user,
        intake=intake_of(request),
        has_maps=benchmark.has_maps,
        initial=_initial(request),
    )
    problem, upload, status = None, None, 422 if request.method == "POST" else 200
    if request.method == "POST":
        try:
            upload = form.received()
            if form.is_valid() and upload:
                return redirect(_submit(form, user, split, upload))
        except Refused as refused:
            problem = refused.problem
            status = refused.form_status
    context = {
        "benchmark": benchmark,
        "split": split,
        "splits": list(benchmark.splits.defer("videos")),
        "form": form,
        "upload": upload,
        "problem": problem,
        "is_open": split.is_open(),
        "now": timezone.now(),
        "quota": quota_for(user=user, split=split),
        "give_backs": GIVE_BACKS,
        "is_verified": is_verified(user),
        "check": pages.check_data(split),
    }
    return render(request, "submissions/new.html", context, status=status)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Return the first values of the form: those of the submission that `again` names, or a public one."""
    again = request.GET.get("again")
    if not again:
        return {"visibility": "public"}
    try:
        earlier = submissions_of(logged_in(request)).get(pk=UUID(again))
    except (ValueError, Submission.DoesNotExist) as error:
        raise Http404("no such submission of yours") from error
    visibility = "public" if earlier.is_public else "private"
    return {"variant": earlier.variant, "note": earlier.note, "visibility": visibility}


@transaction.atomic
def _submit(form: SubmitForm, user: User, split: Split, upload: Upload) -> Submission:
    data = form.cleaned_data
    assert upload.blob is not None
    return services.submission_create(
        author=user,
        split=split,
        variant=data["variant"] or _new_variant(form, user),
        blob=upload.blob,
        filename=upload.filename,
        note=data["note"],
        is_public=data["visibility"] == "public",
        begun_at=upload.created_at,
        cost=form.cost,
    )


def _new_variant(form: SubmitForm, user: User) -> Variant:
    method = method_get_or_create(owner=user, name=form.cleaned_data["method_name"])
    name = form.cleaned_data["variant_name"] or "default"
    return variant_get_or_create(method=method, name=name, factors=form.factors)


def _get(request: HttpRequest, submission_id: UUID) -> Submission:
    with missing_is_404():
        return submission_get(user=request.user, id=submission_id)


@require_GET
def detail(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """One submission, live: while it is unfinished its state asks for itself again."""
    if table := RETIRED.get(submission_id):
        address = reverse("benchmarks:ablations", args=[BENCHMARK])
        return redirect(f"{address}#{table.replace('_', '-')}", permanent=True)
    submission = _get(request, submission_id)
    page = pages.submission_page(submission, request.user, video_sort=request.GET.get("videos", ""))
    file = chart_file(request, page.explanation.charts if page.explanation else (), name="result")
    if file:
        return file
    context = {"submission": submission, "page": page, "snippets": result_snippets(request, submission)}
    context["opengraph"] = result_opengraph(request, submission)
    templates = {"page": "submissions/detail.html", "state": "submissions/partials/state.html"}
    return live_page(request, **templates, state_id="submission-state", context=context)


@login_required
@require_POST
def withdraw(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    submission = _get(request, submission_id)
    with told_if_refused(request):
        services.submission_withdraw(submission=submission, actor=logged_in(request))
    return redirect(submission)


@login_required
@require_POST
def retry(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    submission = _get(request, submission_id)
    with told_if_refused(request):
        services.submission_retry(submission=submission, actor=logged_in(request))
    return redirect(submission)


@login_required
@require_POST
def visibility(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    submission = _get(request, submission_id)
    is_public = request.POST.get("visibility") == "public"
    with told_if_refused(request):
        services.submission_set_public(submission=submission, actor=logged_in(request), is_public=is_public)
    return redirect(submission)


@login_required
@require_POST
def cost(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """State what the variant costs, instead of what was stated before."""
    submission = _get(request, submission_id)
    form = CostFields(request.POST)
    if form.is_valid():
        with told_if_refused(request):
            services.submission_state_cost(submission=submission, actor=logged_in(request), cost=form.cost)
    else:
        messages.error(request, f"{next(iter(form.errors.values()))[0]} The cost stays as it was.")
    return redirect(submission)


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """One's own submissions, latest first; the filters are the address."""
    user = logged_in(request)
    everything = submissions_of(user)
    filters = MineFilters.from_query(request.GET)
    chosen = Paginator(filters.apply(everything), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "section": "mine",
        "rows": mine_rows(chosen.object_list, user),
        "page_obj": chosen,
        "filters": filters,
        "choices": mine_choices(everything, filters),
    }
    return render(request, "submissions/mine.html", context)
