"""Benchmarks and splits in the admin: texts, dates, quotas. Ground truth comes by `import_benchmark`."""

from django.contrib import admin

from webapp.benchmarks.models import Benchmark, Split


class SplitInline(admin.StackedInline):
    model = Split
    extra = 0
    exclude = ("videos",)
    readonly_fields = ("ground_truth", "video_count")


@admin.register(Benchmark)
class BenchmarkAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "evaluator", "task", "is_public", "position")
    list_editable = ("position",)
    search_fields = ("name", "slug")
    readonly_fields = ("categories",)
    filter_horizontal = ("members",)
    inlines = (SplitInline,)
