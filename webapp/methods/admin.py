"""Methods and their variants in the admin."""

from django.contrib import admin

from webapp.methods.models import Method, Variant


class VariantInline(admin.TabularInline):
    model = Variant
    extra = 0


@admin.register(Method)
class MethodAdmin(admin.ModelAdmin):
    list_display = ("name", "owner", "team", "year")
    list_select_related = ("owner",)
    search_fields = ("name", "team", "owner__username")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (VariantInline,)
