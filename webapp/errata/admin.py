"""Re-evaluations in the admin: to look at."""

from django.contrib import admin

from webapp.errata.models import Reevaluation
from webapp.jobs.admin import ReadOnly


@admin.register(Reevaluation)
class ReevaluationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("submission", "reason", "requested_by", "created_at", "replaced_at")
    list_select_related = ("submission__variant__method", "submission__split__benchmark", "requested_by")
    search_fields = ("submission__id", "reason")
