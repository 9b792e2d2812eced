"""The page of numbers that were replaced."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.errata.selectors import errata_visible_to

PAGE_SIZE = 50


@require_safe
def errata(request: HttpRequest) -> HttpResponse:
    page = Paginator(errata_visible_to(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "errata/list.html", {"page": page})
