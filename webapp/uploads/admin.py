"""Uploads in the admin, to look at and to delete."""

from django.contrib import admin

from webapp.accounts.admin_trail import Audited
from webapp.uploads.models import Upload


@admin.register(Upload)
class UploadAdmin(Audited, admin.ModelAdmin):
    list_display = ("id", "owner", "filename", "length", "offset", "is_complete", "expires_at")
    list_select_related = ("owner",)
    search_fields = ("filename", "owner__username")
    readonly_fields = ("owner", "filename", "length", "offset", "blob", "created_at")

    def has_add_permission(self, *args: object) -> bool:
        return False

    @admin.display(boolean=True)
    def is_complete(self, upload: Upload) -> bool:
        return upload.is_complete
