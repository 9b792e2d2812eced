"""People and tokens in the admin. A token's text is never shown: only its hash is stored."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from webapp.accounts.admin_trail import Audited
from webapp.accounts.models import ApiToken, User

# What makes a person more powerful: nobody raises their own rights, or those of others, but superusers.
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class PersonAdmin(Audited, UserAdmin):
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Research", {"fields": ("affiliation", "is_vouched_for")}),
    )
    add_fieldsets = (
        *UserAdmin.add_fieldsets,
        (
            "E-mail address, to log in with and to get mails",
            {"fields": ("email",), "description": "Optional. Each address belongs to one account."},
        ),
    )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Whom the organisers make need not verify an address."""
        obj.is_vouched_for = obj.is_vouched_for or not change
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_above = obj is not None and obj.is_superuser and not _is_superuser(request)
        return super().has_change_permission(request, obj) and not is_above

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_above = obj is not None and obj.is_superuser and not _is_superuser(request)
        return super().has_delete_permission(request, obj) and not is_above


@admin.register(ApiToken)
class ApiTokenAdmin(Audited, admin.ModelAdmin):
    list_display = ("hint", "name", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    readonly_fields = ("hint", "user", "scopes", "created_at", "last_used_at")

    def has_add_permission(self, *args: object) -> bool:
        return False  # the text would be lost: tokens are made on the owner's page or by create_token


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
