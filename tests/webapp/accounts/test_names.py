"""User names that could be taken for another are refused at sign-up, and by the database."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from tests.support.factories import make_user
from tests.support.product import wait_until
from webapp.accounts.models import User

pytestmark = pytest.mark.django_db


def sign_up(name: str) -> str:
    cache.clear()
    form = {"email": f"p{User.objects.count()}@example.org", "username": name, "password1": "correct horse 9"}
    return Client().post("/accounts/signup/", form).content.decode()


@pytest.mark.parametrize(
    "name", ["admin", "Admin", "ADMIN", "\u0430dmin", "adm1n", "\u0455ystem", "api", "r00t", "DVIS-Bench"]
)
def test_a_name_that_speaks_for_the_site_is_refused(name: str) -> None:
    assert "speaks for the site" in sign_up(name)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["\u0430lice", "a1ice", "AIice", "\uff41lice", "al\u0131ce"])
def test_a_name_that_looks_like_another_is_refused(name: str) -> None:
    make_user("alice")
    assert 'class="error"' in sign_up(name)
    assert User.objects.count() == 1


def test_letters_of_any_language_are_welcome_and_a_new_name_frees_the_old_one() -> None:
    for name in ("李明", "jürgen", "Zoë", "mike", "alice.b"):
        sign_up(name)
        assert User.objects.filter(username=name).exists(), name
    renamed = User.objects.get(username="mike")
    renamed.username = "michael"
    renamed.save(update_fields=["username"])
    sign_up("rnike")
    assert User.objects.filter(username="rnike").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_sign_up_at_once_with_names_that_look_alike_the_second_chooses_again() -> None:
    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            return cursor.fetchone() is not None

    def second() -> str:
        try:
            return sign_up("a1ice")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            make_user("alice")
            answer = another.submit(second)
            wait_until(waits, 30)
        assert "has just taken this name" in answer.result()
    assert [user.username for user in User.objects.all()] == ["alice"]


def test_the_database_refuses_names_that_look_alike_however_they_are_made() -> None:
    make_user("alice")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("a1ice")
    with pytest.raises(CommandError, match="looks like that of somebody else"):
        call_command("create_token", "a1ice")
    with pytest.raises(ValidationError, match="looks like that of somebody else"):
        User.objects.create_superuser("a1ice", "b@example.org", "password")
    organiser = User.objects.create_superuser("ada", "ada@example.org", "password")
    client = Client()
    client.force_login(organiser)
    form = {"username": "a1ice", "usable_password": "false", "email": ""}
    page = client.post("/admin/accounts/user/add/", form)
    assert (page.status_code, "looks like that of somebody else" in page.content.decode()) == (200, True)
    assert User.objects.count() == 2


def test_accounts_that_looked_alike_before_keep_their_names_and_go_on() -> None:
    first, second, third = make_user("alice"), make_user("b"), make_user("c")
    with connection.cursor() as cursor:
        rules = connection.introspection.get_constraints(cursor, User._meta.db_table)
        (name,) = (
            name for name, one in rules.items() if one["unique"] and one["columns"] == ["lookalike_key"]
        )
        cursor.execute(f"ALTER TABLE accounts_user DROP CONSTRAINT {name}")
    User.objects.filter(pk=second.pk).update(username="a1ice", lookalike_key=first.lookalike_key)
    User.objects.filter(pk=third.pk).update(username="AIice", lookalike_key=first.lookalike_key)
    migration = import_module("webapp.accounts.migrations.0005_names_that_look_alike")
    migration.tell_apart_those_that_are_there(apps, None)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_user ADD UNIQUE (lookalike_key)")
    kept = User.objects.get(pk=second.pk)
    kept.affiliation = "Somewhere"
    kept.full_clean(exclude=["password"])
    kept.save()
    assert User.objects.get(username="a1ice").affiliation == "Somewhere"
    first.delete()
    assert 'class="error"' in sign_up("alice")
    kept.username = "another"
    kept.save()
    third.delete()
    assert 'class="error"' not in sign_up("alice")
    assert User.objects.filter(username="alice").exists()
