"""The page of the server's state."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.benchmarks.selectors import splits_without_quota
from webapp.jobs.state import server_state


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    is_staff = request.user.is_staff
    context = {
        "state": server_state(with_hosts=is_staff),
        "unlimited": splits_without_quota() if is_staff else [],
    }
    return render(request, "jobs/status.html", context)
