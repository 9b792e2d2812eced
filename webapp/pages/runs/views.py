"""Pages of runs: start one, watch it, list one's own."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.benchmarks.selectors import benchmark_get, split_get
from webapp.jobs.models import Job
from webapp.jobs.selectors import jobs_foresee
from webapp.pages.live import live_page, logged_in, missing_is_404, told_if_refused
from webapp.pages.runs.forms import RunForm
from webapp.refusal import Refused
from webapp.runs import services
from webapp.runs.estimate import Estimate, run_estimate
from webapp.runs.models import Run
from webapp.runs.selectors import reads_log, run_events, run_get, run_state, runs_of
from webapp.runs.weights import run_weights, runs_weights

PAGE_SIZE = 50


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose a model and how to run it. Every choice but the last changes the estimate alone."""
    user, split = logged_in(request), _split(request, slug)
    form = RunForm(_asked(request), user=user, split=split)
    problem, status = None, 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(_start(form, user, split))
        except Refused as refused:
            problem = refused.problem
            status = refused.form_status
    context = {
        "benchmark": split.benchmark,
        "split": split,
        "form": form,
        "problem": problem,
        "may_run": services.may_run(user),
        "estimate": _estimate(form, split),
    }
    response = render(request, "runs/new.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _asked(request: HttpRequest) -> dict[str, str]:
    """Return the chosen values, or the form's initial ones."""
    sent = request.POST if request.method == "POST" else request.GET
    return {"visibility": "public", "precision": "float32"} | {name: str(sent[name]) for name in sent}


def _estimate(form: RunForm, split: Split) -> Estimate | None:
    return run_estimate(split=split, spec=form.spec, options=form.options) if form.is_valid() else None


@transaction.atomic
def _start(form: RunForm, user: User, split: Split) -> Run:
    data = form.cleaned_data
    return services.run_create(
        author=user,
        split=split,
        spec=form.spec,
        options=form.options,
        checkpoint=data["checkpoint"],
        method=data["method_name"],
        variant=data["variant_name"],
        note=data["note"],
        is_public=data["visibility"] != "private",
    )


@require_GET
def detail(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run, live: while it is unfinished, or its submission is, its state asks for itself again."""
    run = _get(request, run_id)
    user = request.user
    sees_log = reads_log(user=user, run=run)
    is_owner = user.is_authenticated and (user.is_staff or user.pk == run.author_id)
    submission = run.submission
    is_unfinished = not run.is_finished or (submission is not None and not submission.is_finished)
    context = {
        "run": run,
        "weights": run_weights(user=user, run=run),
        "state": run_state(run),
        "is_unfinished": is_unfinished,
        "events": list(run_events(run)) if sees_log else None,
        "can_cancel": is_owner and not run.is_finished,
        "kept_until": services.videos_kept_until(run),
        "can_retry": is_owner and run.status == Job.Status.FAILED,
    }
    templates = {"page": "runs/detail.html", "state": "runs/partials/state.html"}
    return live_page(request, **templates, state_id="run-state", context=context)


@login_required
@require_POST
def cancel(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _get(request, run_id)
    with told_if_refused(request):
        services.run_cancel(run=run, actor=logged_in(request))
    return redirect(run)


@login_required
@require_POST
def retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _get(request, run_id)
    with told_if_refused(request):
        services.run_retry(run=run, actor=logged_in(request))
    return redirect(run)


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """One's own runs, latest first."""
    user = logged_in(request)
    page = Paginator(runs_of(user), PAGE_SIZE).get_page(request.GET.get("page"))
    runs = list(page.object_list)
    jobs_foresee(run.job for run in runs)
    weights = runs_weights(user=user, runs=runs)
    rows = [(run, run_state(run), weights[run.pk]) for run in runs]
    return render(request, "runs/mine.html", {"section": "mine", "rows": rows, "page_obj": page})


def _split(request: HttpRequest, slug: str) -> Split:
    with missing_is_404():
        benchmark = benchmark_get(user=request.user, slug=slug)
        return split_get(benchmark=benchmark, name=request.GET.get("split", ""))


def _get(request: HttpRequest, run_id: UUID) -> Run:
    with missing_is_404():
        return run_get(user=request.user, id=run_id)
