"""Jobs, attempts and the audit trail in the admin: to look at, since services alone write them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from webapp.accounts.audit import AuditEvent
from webapp.jobs.models import Attempt, Job, WorkerNode


class ReadOnly:
    """Mixed into an admin class, leaves nothing but looking."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(ReadOnly, admin.TabularInline):
    model = Attempt
    extra = 0
    fields = ("number", "worker", "started_at", "finished_at", "outcome", "detail")


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "kind", "status", "subject", "attempts_made", "failure_code", "created_at")
    list_filter = ("status", "kind", "failure_code")
    list_select_related = (
        "submission__variant__method",
        "submission__split__benchmark",
        "run__split__benchmark",
        "checkpoint",
    )
    search_fields = ("id", "submission__id", "run__id", "checkpoint__id")
    inlines = (AttemptInline,)


@admin.register(WorkerNode)
class WorkerNodeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "queues", "started_at", "seen_at")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "actor", "action", "subject")
    list_filter = ("action",)
    list_select_related = ("actor",)
    search_fields = ("subject",)
    date_hierarchy = "at"
