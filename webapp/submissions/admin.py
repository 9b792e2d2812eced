"""Submissions in the admin: to look at, and to evaluate again what failed on our side."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from webapp.accounts.models import User
from webapp.jobs.admin import ReadOnly
from webapp.refusal import Refused
from webapp.submissions.models import Score, Submission
from webapp.submissions.services import submission_retry


class ScoreInline(ReadOnly, admin.TabularInline):
    model = Score
    extra = 0
    fields = ("metric", "value")


@admin.register(Submission)
class SubmissionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "variant", "split", "author", "origin", "status", "is_public", "created_at")
    list_filter = ("status", "origin", "split__benchmark")
    list_select_related = ("variant__method", "split__benchmark", "author")
    search_fields = ("id", "variant__method__name", "author__username", "digest")
    date_hierarchy = "created_at"
    inlines = (ScoreInline,)
    actions = ("retry",)

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

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("submissions.change_submission")
