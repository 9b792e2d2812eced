"""Writes every change that people make in the admin to the audit trail, with before and after."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from webapp.accounts.audit import audit
from webapp.accounts.models import User

LONGEST_TEXT = 200


class Audited:
    """Mixed into an admin class before `ModelAdmin`, writes an event per object that somebody changes."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        request.admin_changes = _changes([form, *_rows(formsets)])  # type: ignore[attr-defined]  # for _write
        return super().construct_change_message(request, form, formsets, add)  # type: ignore[misc]  # of ModelAdmin

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _write(request, "admin.added", obj)
        return super().log_addition(request, obj, message)  # type: ignore[misc]  # of ModelAdmin

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _write(request, "admin.changed", obj)
        return super().log_change(request, obj, message)  # type: ignore[misc]  # of ModelAdmin

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        for obj in queryset:
            _write(request, "admin.deleted", obj)
        return super().log_deletions(request, queryset)  # type: ignore[misc]  # of ModelAdmin


def _write(request: HttpRequest, action: str, obj: Model) -> None:
    actor = request.user if isinstance(request.user, User) else None
    changes = getattr(request, "admin_changes", {})
    audit(action, _subject(obj), actor=actor, name=str(obj)[:LONGEST_TEXT], changes=changes)


def _subject(obj: Model) -> str:
    return f"{obj._meta.model_name}:{obj.pk}"


def _rows(formsets: Any) -> list[Any]:
    """The forms of inlines that change something."""
    return [form for formset in formsets or () for form in formset.forms if form.has_changed()]


def _changes(forms: Iterable[Any]) -> dict[str, dict[str, list[Any]]]:
    """Return former and new values by object and field. Passwords are nobody's business."""
    changes: dict[str, dict[str, list[Any]]] = {}
    for form in forms:
        fields = [name for name in form.changed_data if "password" not in name]
        before, after = form.initial, form.cleaned_data
        found = {name: [_plain(before.get(name)), _plain(after.get(name))] for name in fields}
        if found:
            changes[_subject(form.instance)] = found
    return changes


def _plain(value: Any) -> Any:
    """A value as JSON takes it, and short."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)[:LONGEST_TEXT]
    return [str(one)[:LONGEST_TEXT] for one in value]
