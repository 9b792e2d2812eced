"""The page of the server's state."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp.jobs.state import server_state


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    return render(request, "jobs/status.html", {"state": server_state(with_hosts=request.user.is_staff)})
