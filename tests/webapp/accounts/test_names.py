"""User names that could be taken for another are refused at sign-up."""

import pytest
from django.core.cache import cache
from django.test import Client

from tests.support.factories import make_user
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
