"""Reads of methods and variants. All of them are public: a board names its rows."""

from django.db.models import QuerySet

from webapp.accounts.models import User
from webapp.methods.models import Method, Variant


def method_list() -> QuerySet[Method]:
    return Method.objects.select_related("owner").prefetch_related("variants")


def methods_of(user: User) -> QuerySet[Method]:
    return method_list().filter(owner=user)


def variant_list() -> QuerySet[Variant]:
    return Variant.objects.select_related("method")
