"""Methods and variants: names, addresses, factors, owners."""

from io import StringIO
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.support.factories import make_user
from webapp.methods.models import HUES, Method, Variant
from webapp.methods.services import (
    colours_complete,
    factors_complete,
    method_get_or_create,
    method_update,
    variant_get_or_create,
    variant_update,
)
from webapp.refusal import Refused

pytestmark = pytest.mark.django_db


def test_a_name_means_the_same_method_of_one_person() -> None:
    owner = make_user()
    first = method_get_or_create(owner=owner, name="DVIS", team="WHU")
    assert method_get_or_create(owner=owner, name="  DVIS ") == first
    assert first.team == "WHU"


def test_two_people_may_use_one_name_under_their_own_addresses() -> None:
    slugs = [method_get_or_create(owner=make_user(), name="DVIS").slug for _ in range(3)]
    assert slugs == ["dvis", "dvis-2", "dvis-3"]


@pytest.mark.parametrize(("name", "slug"), [("DVIS++", "dvis-plus-plus"), ("方法", "method"), ("A/B", "ab")])
def test_any_name_has_an_address(name: str, slug: str) -> None:
    assert method_get_or_create(owner=make_user(), name=name).slug == slug


@pytest.mark.django_db(transaction=True)
def test_one_name_used_by_several_at_once_makes_a_method_for_each() -> None:
    owners, barrier = [make_user() for _ in range(4)], Barrier(4)

    def make(index: int) -> None:
        barrier.wait()
        method_get_or_create(owner=owners[index], name="DVIS")
        connection.close()

    threads = [Thread(target=make, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Method.objects.filter(name="DVIS").count() == 4


def test_a_new_method_gets_the_colour_that_the_fewest_have() -> None:
    owner = make_user()
    made = [method_get_or_create(owner=owner, name=f"M{n}") for n in range(HUES + 1)]
    assert [method.colour for method in made] == [*range(HUES), 0]
    made[5].delete()
    assert method_get_or_create(owner=owner, name="next").colour == 5


def test_methods_that_came_without_a_colour_get_one_and_the_others_keep_theirs() -> None:
    owner = make_user()
    coloured = method_get_or_create(owner=owner, name="coloured")
    Method.objects.bulk_create(Method(owner=owner, name=f"M{n}", slug=f"m{n}") for n in range(HUES))
    assert (colours_complete(), colours_complete()) == (HUES, 0)
    coloured.refresh_from_db()
    assert coloured.colour == 0
    assert [one.colour for one in Method.objects.filter(slug__startswith="m").order_by("pk")] == [
        *range(1, HUES),
        0,
    ]


def test_factors_are_stored_in_one_vocabulary_beside_what_was_typed() -> None:
    owner = make_user()
    method = method_get_or_create(owner=owner, name="DVIS")
    given = {"backbone": "SwinL", "mode": "Offline", "tracker": "my own"}
    variant = variant_get_or_create(method=method, name="a", factors=given)
    assert variant.factors == {"tracker": "my own", "backbone": "Swin-L", "mode": "offline"}
    assert variant.factors_as_typed == given
    same = {"backbone": "swin_large", "mode": "offline", "tracker": "my own"}
    assert variant_get_or_create(method=method, name="a", factors=same).pk == variant.pk
    changed = variant_update(variant=variant, actor=owner, factors={"backbone": "R50"})
    assert (changed.factors, changed.factors_as_typed) == ({"backbone": "ResNet-50"}, {"backbone": "R50"})


def test_what_is_typed_counts_only_while_it_means_the_factor() -> None:
    variant = Variant(factors={"backbone": "Swin-L"}, typed={"backbone": "R50"})
    assert variant.factors_as_typed == {"backbone": "Swin-L"}


def test_the_next_migrate_brings_older_variants_into_the_vocabulary_once_and_says_so() -> None:
    method = Method.objects.create(owner=make_user(), name="DVIS", slug="dvis", colour=3)
    for name in ("a", "b"):
        Variant.objects.create(method=method, name=name, factors={"backbone": "R50", "mode": "sideways"})
    said = StringIO()
    call_command("migrate", verbosity=0, stdout=said)
    assert said.getvalue() == "backbone 'R50' is now 'ResNet-50' (2 variants).\n"
    assert not factors_complete()
    variant = Variant.objects.get(name="a")
    assert variant.factors == {"backbone": "ResNet-50", "mode": "sideways"}
    assert variant.factors_as_typed == {"backbone": "R50", "mode": "sideways"}


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "x" * 101}, {"name": "M", "code_url": "javascript:alert(1)"}]
)
def test_fields_that_break_their_rules_are_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        method_get_or_create(owner=make_user(), **fields)
    assert refused.value.message.startswith(list(fields)[-1])


def test_a_variant_has_tidy_factors_in_the_order_of_the_catalogue() -> None:
    method = method_get_or_create(owner=make_user(), name="DVIS")
    given = {"zeta": "1", "mode": " online ", "backbone": "My  Net", "tracker": ""}
    variant = variant_get_or_create(method=method, factors=given)
    assert list(variant.factors.items()) == [("backbone", "My Net"), ("mode", "online"), ("zeta", "1")]


def test_factors_may_be_left_out_or_added_later_but_not_changed_in_passing() -> None:
    method = method_get_or_create(owner=make_user(), name="DVIS")
    variant = variant_get_or_create(method=method, name="R50")
    assert variant_get_or_create(method=method, name="R50", factors={"mode": "online"}).factors
    assert variant_get_or_create(method=method, name="R50").factors == {"mode": "online"}
    with pytest.raises(Refused, match="has the factors mode=online, but mode=offline were given") as refused:
        variant_get_or_create(method=method, name="R50", factors={"mode": "offline"})
    assert refused.value.status == 409
    assert Variant.objects.get().pk == variant.pk


@pytest.mark.parametrize(
    "factors", [{"Bad name": "x"}, {"mode": "x" * 101}, {f"f{number}": "x" for number in range(21)}]
)
def test_factors_that_no_chart_could_show_are_refused(factors: dict[str, str]) -> None:
    method = method_get_or_create(owner=make_user(), name="DVIS")
    with pytest.raises(Refused):
        variant_get_or_create(method=method, factors=factors)


def test_only_the_owner_and_staff_change_a_method_and_its_variants() -> None:
    owner = make_user()
    method = method_get_or_create(owner=owner, name="DVIS")
    variant = variant_get_or_create(method=method)
    with pytest.raises(Refused, match="belongs to somebody else"):
        method_update(method=method, actor=make_user(), team="T")
    with pytest.raises(Refused, match="belongs to somebody else"):
        variant_update(variant=variant, actor=make_user(), name="R50")
    assert variant_update(variant=variant, actor=owner, name="R50", factors={"mode": "online"}).name == "R50"
    assert method_update(method=method, actor=make_user(is_staff=True), name="DVIS 2").slug == "dvis"


def test_a_new_name_of_a_method_is_tidied_and_never_blank() -> None:
    owner = make_user()
    method = method_get_or_create(owner=owner, name="DVIS")
    assert method_update(method=method, actor=owner, name="  DVIS \n 2 ").name == "DVIS 2"
    with pytest.raises(Refused, match="blank"):
        method_update(method=method, actor=owner, name="   ")


def test_a_variant_cannot_take_a_name_that_its_method_has() -> None:
    owner = make_user()
    method = method_get_or_create(owner=owner, name="DVIS")
    variant_get_or_create(method=method, name="R50")
    other = variant_get_or_create(method=method, name="Swin-L")
    with pytest.raises(Refused):
        variant_update(variant=other, actor=owner, name="R50")


@pytest.mark.parametrize("mark", ["\x1b", "\x9b", "\u202e"])
def test_no_name_drives_a_terminal_or_turns_what_stands_behind_it(mark: str) -> None:
    owner = make_user()
    method = method_get_or_create(owner=owner, name="DVIS")
    with pytest.raises(Refused, match="name: it holds the control character"):
        method_get_or_create(owner=owner, name=f"DVIS{mark}[2J")
    with pytest.raises(Refused, match="team: it holds"):
        method_update(method=method, actor=owner, team=f"WHU{mark}")
    with pytest.raises(Refused, match="name: it holds"):
        variant_get_or_create(method=method, name=f"R50{mark}")
    with pytest.raises(Refused, match="factor backbone: it holds"):
        variant_get_or_create(method=method, factors={"backbone": f"R50{mark}"})
