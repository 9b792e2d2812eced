"""Runs in the admin: to look at, since services alone write them."""

from django.contrib import admin

from webapp.jobs.admin import ReadOnly
from webapp.runs.models import Run, RunEvent, RunVideo


class RunVideoInline(ReadOnly, admin.TabularInline):
    model = RunVideo
    extra = 0
    fields = ("video_id", "frames", "seconds", "device", "worker", "created_at")


class RunEventInline(ReadOnly, admin.TabularInline):
    model = RunEvent
    extra = 0
    fields = ("at", "text")


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "model", "split", "status", "author", "created_at")
    list_filter = ("job__status", "model")
    list_select_related = ("job", "split__benchmark", "author")
    search_fields = ("id", "model", "author__username")
    inlines = (RunVideoInline, RunEventInline)
