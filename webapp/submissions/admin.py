"""Submissions in the admin: to look at, and to evaluate again what failed on our side."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from webapp.accounts.models import User
from webapp.jobs.admin import ReadOnly
from webapp.refusal import Refused
from webapp.submissions.errata.services import reevaluations_request
from webapp.submissions.models import Score, Submission
from webapp.submissions.services import submission_retry


class ScoreInline(ReadOnly, admin.TabularInline):
    model = Score
    extra = 0
    fields = ("metric", "value")


class WithReason(ActionForm):
    reason = forms.CharField(required=False, max_length=300, label="Reason, for everybody to read")


@admin.register(Submission)
class SubmissionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "variant", "split", "author", "origin", "status", "is_public", "created_at")
    list_filter = ("status", "origin", "split__benchmark")
    list_select_related = ("variant__method", "split__benchmark", "author")
    search_fields = ("id", "variant__method__name", "author__username", "digest")
    date_hierarchy = "created_at"
    inlines = (ScoreInline,)
    action_form = WithReason
    actions = ("retry", "measure_again")

    @admin.action(description="Evaluate again (those that failed on our side)", permissions=["retry"])
    def retry(self, request: HttpRequest, rows: QuerySet[Submission]) -> None:
        if not isinstance(request.user, User):
            return
        retried = 0
        for submission in rows.select_related("job"):
            try:
                submission_retry(submission=submission, actor=request.user)
                retried += 1
            except Refused as refused:
                self.message_user(request, f"{submission}: {refused}", messages.WARNING)
        self.message_user(request, f"{retried} queued again.")

    @admin.action(description="Measure again (those that are scored; needs a reason)", permissions=["retry"])
    def measure_again(self, request: HttpRequest, rows: QuerySet[Submission]) -> None:
        actor = request.user if isinstance(request.user, User) else None
        try:
            queued = reevaluations_request(
                submissions=rows, reason=request.POST.get("reason", ""), actor=actor
            )
        except ValueError as error:
            self.message_user(request, str(error), messages.WARNING)
            return
        self.message_user(request, f"{queued} queued to be evaluated again.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("submissions.change_submission")
