"""Analyses in the admin: to look at."""

from django.contrib import admin

from webapp.jobs.admin import ReadOnly
from webapp.submissions.analyses.models import Analysis


@admin.register(Analysis)
class AnalysisAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("submission", "evaluator", "created_at", "finished_at")
    list_select_related = ("submission__variant__method", "submission__split__benchmark")
    search_fields = ("submission__id",)
