"""Re-evaluations in the admin: to look at."""

from django.contrib import admin

from webapp.jobs.admin import ReadOnly
from webapp.submissions.errata.models import Reevaluation


@admin.register(Reevaluation)
class ReevaluationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("submission", "reason", "requested_by", "created_at", "replaced_at")
    list_select_related = ("submission__variant__method", "submission__split__benchmark", "requested_by")
    search_fields = ("submission__id", "reason")
