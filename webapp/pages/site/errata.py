"""The page of numbers that were replaced."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.submissions.errata.selectors import erratum_of, replacements_visible_to

PAGE_SIZE = 50


@require_safe
def errata(request: HttpRequest) -> HttpResponse:
    page = Paginator(replacements_visible_to(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "errata": [erratum_of(row) for row in page.object_list]}
    return render(request, "errata/list.html", context)
