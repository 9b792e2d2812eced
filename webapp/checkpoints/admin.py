"""Checkpoints in the admin, to look at; what a check found is written by its job alone."""

from django.contrib import admin

from webapp.accounts.admin_trail import Audited
from webapp.checkpoints.models import Checkpoint


@admin.register(Checkpoint)
class CheckpointAdmin(Audited, admin.ModelAdmin):
    list_display = ("name", "owner", "status", "visibility", "filename", "created_at")
    list_select_related = ("owner", "job")
    list_filter = ("visibility",)
    search_fields = ("name", "owner__username", "filename", "source__sha256")
    readonly_fields = (
        *("owner", "filename", "source", "weights", "configurations"),
        *("parameters", "problems", "created_at"),
    )
    autocomplete_fields = ("shared_with",)

    def has_add_permission(self, *args: object) -> bool:
        return False

    def status(self, checkpoint: Checkpoint) -> str:
        return str(checkpoint.status.label)
