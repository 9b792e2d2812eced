"""Methods and their variants in the admin."""

from django.contrib import admin
from django.db.models import URLField

from webapp.accounts.admin_trail import Audited
from webapp.methods.models import Method, Variant


class VariantInline(admin.TabularInline):
    model = Variant
    extra = 0


@admin.register(Method)
class MethodAdmin(Audited, admin.ModelAdmin):
    list_display = ("name", "owner", "team", "year")
    list_select_related = ("owner",)
    search_fields = ("name", "team", "owner__username")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (VariantInline,)
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
