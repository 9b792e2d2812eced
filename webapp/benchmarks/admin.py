"""Benchmarks and splits in the admin: texts, dates, quotas. Ground truth comes by `import_benchmark`."""

from django.contrib import admin
from django.http import HttpRequest

from webapp.benchmarks.models import Benchmark, Split, VideoSubset


class SplitInline(admin.StackedInline):
    model = Split
    extra = 0
    exclude = ("videos",)
    readonly_fields = ("ground_truth", "video_count")


@admin.register(VideoSubset)
class VideoSubsetAdmin(admin.ModelAdmin):
    """Lists come by `import_benchmark --subset`; here they get their titles, or go with their scores."""

    list_display = ("title", "name", "split", "video_count")
    list_select_related = ("split__benchmark",)
    readonly_fields = ("split", "name", "videos")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Benchmark)
class BenchmarkAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "evaluator", "task", "is_public", "position")
    list_editable = ("position",)
    search_fields = ("name", "slug")
    readonly_fields = ("categories",)
    filter_horizontal = ("members",)
    inlines = (SplitInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Benchmark | None = None) -> tuple[str, ...]:
        """The evaluator of a benchmark stays: under another one, its scores would be no longer comparable."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "evaluator", "task")
