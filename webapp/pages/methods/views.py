"""Pages of methods."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from webapp.benchmarks.selectors import benchmarks_visible_to
from webapp.methods.models import Method
from webapp.pages.methods.matrix import method_get, method_panels, methods_found, methods_listed

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
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]  # by HtmxMiddleware
    response = render(request, "methods/partials/table.html" if is_partial else "methods/list.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        method = method_get(user=request.user, slug=slug)
    except Method.DoesNotExist:
        raise Http404("No such method") from None
    panels = method_panels(method=method, user=request.user)
    return render(request, "methods/detail.html", {"section": "methods", "method": method, "panels": panels})
