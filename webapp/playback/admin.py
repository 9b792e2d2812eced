"""Stores of masks in the admin: to look at."""

from django.contrib import admin

from webapp.jobs.admin import ReadOnly
from webapp.playback.models import MaskStore


@admin.register(MaskStore)
class MaskStoreAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "kind", "split", "size", "evaluator", "created_at", "finished_at")
    list_select_related = ("split__benchmark",)
    list_filter = ("kind",)
    search_fields = ("id", "digest", "source__sha256")
    exclude = ("index",)
