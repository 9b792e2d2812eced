"""Benchmarks and splits in the admin: texts, dates, quotas. Ground truth comes by `import_benchmark`."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, URLField
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from evaluator.catalog import BENCHMARKS
from webapp.accounts.admin_trail import Audited
from webapp.benchmarks.models import Benchmark, Split, VideoSubset


class DeletedByName(Audited):
    """A row whose deletion takes numbers with it is deleted alone, on its own page, by typing its name."""

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)  # type: ignore[misc]  # of ModelAdmin
        actions.pop("delete_selected", None)
        return actions

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj: Model | None = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]  # of ModelAdmin
        is_meant = request.POST.get("typed", "").strip() == getattr(obj, "name", "")
        if request.method == "POST" and obj is not None and not is_meant:
            messages.error(request, f"Nothing was deleted: type {getattr(obj, 'name', '')} to delete it.")
            return redirect(request.path)
        answer: HttpResponse = super().delete_view(request, object_id, extra_context)  # type: ignore[misc]  # of ModelAdmin
        return answer


class SplitFormSet(BaseInlineFormSet):
    """One split is the default, also while another one takes over in the same form."""

    def clean(self) -> None:
        super().clean()
        defaults = [form for form in self.forms if form.cleaned_data.get("is_default")]
        if len(defaults) > 1:
            names = ", ".join(str(form.cleaned_data.get("name", "")) for form in defaults)
            raise ValidationError(f"One split is the default, but these are ticked: {names}. Tick one.")

    def save(self, commit: bool = True) -> Any:
        former = [form.instance.pk for form in self.forms if "is_default" in form.changed_data]
        Split.objects.filter(pk__in=[pk for pk in former if pk], is_default=True).update(is_default=False)
        return super().save(commit)


class SplitInline(admin.StackedInline):
    model = Split
    formset = SplitFormSet
    extra = 0
    can_delete = False
    show_change_link = True
    ordering = ("pk",)  # forms keep their places when another split becomes the default
    exclude = ("videos", "categories")
    readonly_fields = ("ground_truth", "video_count")


@admin.register(Split)
class SplitAdmin(DeletedByName, admin.ModelAdmin):
    """To look at and to delete: a split is changed on the page of its benchmark."""

    delete_confirmation_template = "admin/delete_by_name.html"
    list_display = ("name", "benchmark", "opens_at", "closes_at", "quota_per_day", "quota_total")
    list_select_related = ("benchmark",)
    exclude = ("videos", "categories")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Split | None = None) -> bool:
        return False


@admin.register(VideoSubset)
class VideoSubsetAdmin(DeletedByName, admin.ModelAdmin):
    """Lists come by `import_benchmark --subset`; here they get their titles, or go with their scores."""

    delete_confirmation_template = "admin/delete_by_name.html"
    list_display = ("title", "name", "split", "video_count")
    list_select_related = ("split__benchmark",)
    readonly_fields = ("split", "name", "videos")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Benchmark)
class BenchmarkAdmin(Audited, admin.ModelAdmin):
    list_display = ("name", "slug", "evaluator", "task", "is_public", "position")
    list_editable = ("position",)
    search_fields = ("name", "slug")
    readonly_fields = ("categories", "task")
    filter_horizontal = ("members",)
    inlines = (SplitInline,)
    formfield_overrides = {URLField: {"assume_scheme": "https"}}

    def get_readonly_fields(self, request: HttpRequest, obj: Benchmark | None = None) -> tuple[str, ...]:
        """The evaluator of a benchmark stays: under another one, its scores would be no longer comparable."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "evaluator")

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: Any, **kwargs: Any) -> Any:
        if db_field.name == "evaluator":
            choices = [(key, spec.name) for key, spec in BENCHMARKS.items()]
            return forms.ChoiceField(choices=choices, help_text="It says the task and the metrics.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Benchmark, form: Any, change: bool) -> None:
        if not change:
            obj.task = BENCHMARKS[obj.evaluator].task
        super().save_model(request, obj, form, change)
