"""People and tokens in the admin. A token's text is never shown: only its hash is stored."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from webapp.accounts.models import ApiToken, User

fieldsets = (*(UserAdmin.fieldsets or ()), ("Research", {"fields": ("affiliation",)}))
admin.site.register(User, UserAdmin, fieldsets=fieldsets)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    list_display = ("hint", "name", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    readonly_fields = ("hint", "user", "scopes", "created_at", "last_used_at")

    def has_add_permission(self, *args: object) -> bool:
        return False  # the text would be lost: tokens are made on the owner's page or by create_token
