"""Writes of methods and variants. Only their owner (and staff) may change them."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CharField, Count
from django.utils.text import slugify

from evaluator.files.words import counted
from webapp.accounts.models import User
from webapp.methods.factors import canonical_factors
from webapp.methods.models import HUES, Method, Variant
from webapp.refusal import Refused, check_one_line

METHOD_FIELDS = ("team", "authors", "venue", "year", "paper_url", "code_url", "description")
FACTOR_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FACTORS_AT_MOST = 20
FACTOR_VALUE_CHARACTERS = 100


def method_get_or_create(*, owner: User | None, name: str, **fields: Any) -> Method:
    """Return the owner's method of that name, made with `fields` (see METHOD_FIELDS) where it is missing."""
    name = " ".join(name.split())
    found = Method.objects.filter(owner=owner, name=name).first()
    if found is not None:
        return found
    method = Method(
        owner=owner, name=name, slug=_free_slug(name), colour=_least_used(_colours_in_use()), **fields
    )
    _clean(method, exclude={"slug", "owner"})
    try:
        with transaction.atomic():
            method.save()
    except IntegrityError:  # made at the same moment, by its name or by somebody's with the same slug
        return method_get_or_create(owner=owner, name=name, **fields)
    return method


def method_update(*, method: Method, actor: User, **fields: Any) -> Method:
    """Change the name or any of METHOD_FIELDS. The slug stays, so that links keep working."""
    _check_owner(method, actor)
    for field, value in fields.items():
        if field not in ("name", *METHOD_FIELDS):
            raise TypeError(f"Expected one of name, {', '.join(METHOD_FIELDS)}, but got {field}")
        setattr(method, field, " ".join(value.split()) if field == "name" else value)
    _clean(method)
    method.save(update_fields=list(fields))
    return method


def methods_complete() -> list[str]:
    """Give methods what an earlier version or an import past these services left out; say what changed."""
    coloured = colours_complete()
    said = [f"{counted(coloured, 'method')} got a colour."] if coloured else []
    return said + [
        f"{factor} {before!r} is now {after!r} ({counted(number, 'variant')})."
        for (factor, before, after), number in sorted(factors_complete().items())
    ]


@transaction.atomic
def colours_complete() -> int:
    """Give every method without a colour the one that is used least; return how many there were."""
    missing = list(Method.objects.select_for_update(no_key=True).filter(colour=None).order_by("pk"))
    in_use = _colours_in_use()
    for method in missing:
        method.colour = _least_used(in_use)
        in_use[method.colour] += 1
    Method.objects.bulk_update(missing, ["colour"], batch_size=1000)
    return len(missing)


def variant_get_or_create(
    *, method: Method, name: str = "default", factors: Mapping[str, str] | None = None
) -> Variant:
    """Return the method's variant of that name, made where it is missing.

    Factors are stored in canonical words (`webapp/methods/factors.py`), and beside them as they were typed.
    Raises Refused where it exists with other factors: scores stand under them, so they are not
    changed in passing.
    """
    name = " ".join(name.split()) or "default"
    tidy = _clean_factors(factors or {})
    wanted, typed = canonical_factors(tidy), _differing(tidy)
    fresh = Variant(method=method, name=name, factors=wanted)
    _clean(fresh, validate_constraints=False)
    defaults = {"factors": wanted, "typed": typed}
    variant, created = Variant.objects.get_or_create(method=method, name=name, defaults=defaults)
    if created or not wanted or variant.factors == wanted:
        return variant
    if variant.factors:
        raise Refused(
            "variant-factors",
            f"Variant {name!r} of {method.name} has the factors {_listed(variant.factors)}, "
            f"but {_listed(wanted)} were given.",
            "Name another variant, leave the factors out, or change them on the method's page.",
            status=409,
        )
    variant.factors, variant.typed = wanted, typed
    variant.save(update_fields=["factors", "typed"])
    return variant


def variant_update(
    *, variant: Variant, actor: User, name: str | None = None, factors: Mapping[str, str] | None = None
) -> Variant:
    """Rename a variant or give it other factors; what is None stays."""
    _check_owner(variant.method, actor)
    if name is not None:
        variant.name = " ".join(name.split())
    if factors is not None:
        tidy = _clean_factors(factors)
        variant.factors, variant.typed = canonical_factors(tidy), _differing(tidy)
    _clean(variant)
    variant.save(update_fields=["name", "factors", "typed"])
    return variant


@transaction.atomic
def factors_complete() -> Counter[tuple[str, str, str]]:
    """Turn the factors of all variants into canonical words; what was typed stays beside them.

    Returns the variants that changed, counted by (factor, word before, word after).
    """
    changes: Counter[tuple[str, str, str]] = Counter()
    changed = []
    for variant in Variant.objects.select_for_update(no_key=True).order_by("pk"):
        typed = _differing(variant.factors)
        if typed:
            after = canonical_factors(variant.factors)
            changes.update((factor, word, after[factor]) for factor, word in typed.items())
            variant.factors, variant.typed = after, typed | variant.typed
            changed.append(variant)
    Variant.objects.bulk_update(changed, ["factors", "typed"], batch_size=1000)
    return changes


def _check_owner(method: Method, actor: User) -> None:
    if method.owner_id != actor.pk and not actor.is_staff:
        raise Refused(
            "not-yours",
            f"{method.name} belongs to somebody else.",
            "Only its owner can change it; make a method of your own instead.",
            status=403,
        )


def _colours_in_use() -> Counter[int]:
    counted = Method.objects.exclude(colour=None).order_by().values_list("colour").annotate(Count("pk"))
    return Counter({colour: number for colour, number in counted if colour is not None})


def _least_used(in_use: Counter[int]) -> int:
    """Return the hue that the fewest methods have, the first of equals."""
    return min(range(HUES), key=lambda hue: in_use[hue])


def _free_slug(name: str) -> str:
    """A slug for a method that no other method has: the name, with a number where needed."""
    base = slugify(name.replace("+", " plus "))[:70] or "method"  # DVIS++ is not DVIS
    taken = set(Method.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


def _clean_factors(factors: Mapping[str, str]) -> dict[str, str]:
    """Return factors with tidy values, in the order of Variant.FACTORS, free ones last."""
    if len(factors) > FACTORS_AT_MOST:
        raise Refused("factor-count", f"{len(factors)} factors were given, at most {FACTORS_AT_MOST} fit.")
    known = list(Variant.FACTORS)
    tidy = {}
    for name in sorted(factors, key=lambda name: known.index(name) if name in known else len(known)):
        value = " ".join(factors[name].split())
        if not FACTOR_NAME.fullmatch(name):
            raise Refused(
                "factor-name",
                f"{name!r} cannot be the name of a factor.",
                f"Use small letters, digits and _, such as {', '.join(known[:3])}.",
            )
        if len(value) > FACTOR_VALUE_CHARACTERS:
            raise Refused(
                "factor-value",
                f"The value of factor {name!r} has {len(value)} characters.",
                f"Use at most {FACTOR_VALUE_CHARACTERS}.",
            )
        check_one_line(f"factor {name}", value)
        if value:
            tidy[name] = value
    return tidy


def _differing(factors: Mapping[str, str]) -> dict[str, str]:
    """Return the factors whose words are not canonical."""
    after = canonical_factors(factors)
    return {factor: word for factor, word in factors.items() if after[factor] != word}


def _listed(factors: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in factors.items()) or "none"


def _clean(instance: Method | Variant, **options: Any) -> None:
    """Apply the rules of the fields, as a Refused that names the field."""
    for column in instance._meta.fields:
        if isinstance(column, CharField):
            check_one_line(column.name, getattr(instance, column.name) or "")
    try:
        instance.full_clean(**options)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused("field-value", f"{field}: {' '.join(messages)}", "Correct it and try again.") from error
