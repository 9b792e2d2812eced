"""Pages of methods."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.ablations.marks import study_mark
from webapp.ablations.selectors import method_measured, method_studies
from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.methods.models import Method
from webapp.methods.services import method_update
from webapp.pages.ablations.cards import study_cards
from webapp.pages.charts import chart_file
from webapp.pages.live import logged_in, missing_is_404, told_if_refused, wants_part
from webapp.pages.methods.forms import MethodForm
from webapp.pages.methods.matrix import method_get, method_panels, methods_found, methods_listed
from webapp.pages.opengraph import method_opengraph
from webapp.pages.snippets import method_snippets
from webapp.refusal import Refused

PAGE_SIZE = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    q = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    benchmark = request.GET.get("benchmark", "").replace("\x00", "")
    found = methods_found(user=request.user, q=q, benchmark=benchmark)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "section": "methods",
        "q": q,
        "benchmark": benchmark,
        "benchmarks": benchmarks_visible_to(request.user).only("slug", "name"),
        "page_obj": page,
        "methods": methods_listed(user=request.user, methods=page.object_list),
    }
    response = render(
        request, "methods/partials/table.html" if wants_part(request) else "methods/list.html", context
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    method = _get(request, slug)
    panels = method_panels(method=method, user=request.user)
    badges = [method_snippets(request, one.split, method.slug) if one.is_ranked else None for one in panels]
    ranked_on = [one.split for one, badge in zip(panels, badges, strict=True) if badge is not None]
    server = f"{request.scheme}://{request.get_host()}"
    measured = study_cards(method_measured(method=method, user=request.user), server)
    cards = study_cards(method_studies(method=method, user=request.user), server)
    file = chart_file(request, (chart for card in (*measured, *cards) for chart in card.charts))
    if file:
        return file
    context = {
        "section": "methods",
        "method": method,
        "opengraph": method_opengraph(request, method, ranked_on),
        "panels": list(zip(panels, badges, strict=True)),
        "measured": measured,
        "cards": cards,
        "api_address": f"/api/v1/methods/{method.slug}/ablations",
        "can_edit": _may_edit(request, method),
    }
    return render(request, "methods/detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the texts of a method; only its owner and staff may."""
    method = _get(request, slug)
    if not _may_edit(request, method):
        raise PermissionDenied
    if request.method != "POST":
        return render(request, "methods/edit.html", {"method": method, "form": MethodForm(instance=method)})
    form, problem = MethodForm(request.POST, instance=_get(request, slug)), None
    if form.is_valid():
        try:
            return redirect(method_update(method=method, actor=logged_in(request), **form.cleaned_data))
        except Refused as refused:
            problem = refused.problem
    context = {"method": _get(request, slug), "form": form, "problem": problem}
    return render(request, "methods/edit.html", context, status=422)


def _get(request: HttpRequest, slug: str) -> Method:
    with missing_is_404():
        return method_get(user=request.user, slug=slug)


@login_required
@require_POST
def mark_study(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Name, place or hide a study of what was measured here."""
    method = _get(request, slug)
    if not _may_edit(request, method):
        raise PermissionDenied
    place = request.POST.get("place", "")
    with told_if_refused(request):
        study_mark(
            actor=logged_in(request),
            method=method,
            key=key,
            title=request.POST.get("title", ""),
            place=int(place) if place.isascii() and place.isdigit() and len(place) < 6 else None,
            is_hidden="is_hidden" in request.POST,
        )
    return redirect(f"{method.get_absolute_url()}#{key.replace('_', '-')}")


def _may_edit(request: HttpRequest, method: Method) -> bool:
    user = request.user
    return user.is_authenticated and (user.is_staff or user.pk == method.owner_id)
