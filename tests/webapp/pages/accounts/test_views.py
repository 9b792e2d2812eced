"""The page of tokens, and allauth's pages in the frame of the site."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.support.factories import make_user
from webapp.accounts.models import ApiToken, User
from webapp.accounts.services import token_authenticate, token_create

pytestmark = pytest.mark.django_db
TOKENS = "/accounts/tokens/"
PASSWORD = "correct horse 9"


@pytest.fixture
def alice() -> User:
    return make_user("alice", password=PASSWORD)


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def _read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_new_token_is_shown_once_and_works(page: Client, alice: User) -> None:
    response = page.post(TOKENS, {"name": "cluster", "scopes": ["read", "submit"], "days": "90"})
    found = re.search(r'id="secret">(dvb_[^<]+)<', response.content.decode())
    assert found
    token = token_authenticate(secret=found[1])
    assert token is not None
    assert (token.user, token.name, token.scopes) == (alice, "cluster", ["read", "submit"])
    assert response["Cache-Control"] == "private, no-store"
    assert found[1] not in _read(page, TOKENS)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "scopes": ["read"], "days": "90"},
        {"name": "x", "scopes": ["everything"], "days": "90"},
        {"name": "x", "scopes": [], "days": "90"},
        {"name": "x", "scopes": ["read"], "days": "12345678"},
    ],
)
def test_wrong_wish_makes_no_token(fields: dict[str, object], page: Client) -> None:
    response = page.post(TOKENS, fields)
    assert response.status_code == 422
    assert b'class="error"' in response.content
    assert not ApiToken.objects.exists()


def test_revoked_token_ends_at_once(page: Client, alice: User) -> None:
    token, secret = token_create(user=alice, name="old")
    response = page.post(f"{TOKENS}{token.pk}/revoke/", follow=True)
    assert token_authenticate(secret=secret) is None
    assert b"revoked" in response.content


def test_token_of_somebody_else_is_neither_shown_nor_revoked(page: Client) -> None:
    token, secret = token_create(user=make_user(), name="secret-of-bob")
    assert "secret-of-bob" not in _read(page, TOKENS)
    assert page.post(f"{TOKENS}{token.pk}/revoke/").status_code == 404
    assert token_authenticate(secret=secret) is not None


def test_tokens_need_an_account_and_revoking_a_form(client: Client, alice: User) -> None:
    assert client.get(TOKENS)["Location"] == f"/accounts/login/?next={TOKENS}"
    client.force_login(alice)
    assert client.get(f"{TOKENS}1/revoke/").status_code == 405


def test_page_without_tokens_shows_how_to_use_one(page: Client) -> None:
    assert "dvis-bench submit" in _read(page, TOKENS)


@pytest.mark.parametrize("path", ["login", "signup", "password/reset", "password/reset/done"])
def test_pages_on_the_way_in_have_the_frame_of_the_site(path: str, client: Client) -> None:
    text = _read(client, f"/accounts/{path}/")
    assert 'class="site-header"' in text
    assert 'class="narrow' in text


@pytest.mark.parametrize("path", ["logout", "email", "password/change"])
def test_pages_of_an_account_have_the_frame_of_the_site(path: str, page: Client) -> None:
    text = _read(page, f"/accounts/{path}/")
    assert 'class="site-header"' in text
    assert 'class="narrow' in text


def test_wrong_password_keeps_the_name_and_says_so(client: Client, alice: User) -> None:
    text = client.post("/accounts/login/", {"login": "alice", "password": "wrong"}).content.decode()
    assert 'value="alice"' in text
    assert 'role="alert"' in text


def test_log_in_leads_back_to_where_one_came_from(client: Client, alice: User) -> None:
    form = {"login": "alice", "password": PASSWORD, "next": TOKENS}
    assert client.post("/accounts/login/", form)["Location"] == TOKENS


def test_log_in_never_leads_to_another_site(client: Client, alice: User) -> None:
    form = {"login": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/accounts/login/", form)["Location"] == "/submissions/"


def test_weak_password_is_refused_at_sign_up(client: Client) -> None:
    form = {"email": "bob@example.org", "username": "bob", "password1": "12345678"}
    response = client.post("/accounts/signup/", form)
    assert b"too common" in response.content
    assert not User.objects.exists()


def test_where_mail_is_mandatory_signing_up_tells_nobody_which_addresses_are_known(
    client: Client, alice: User, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    form = {"username": "carol", "password1": PASSWORD}
    taken = client.post("/accounts/signup/", {**form, "email": alice.email})
    new = Client().post("/accounts/signup/", {**form, "email": "carol@example.org"})
    assert (taken.status_code, taken["Location"]) == (new.status_code, new["Location"])
    assert [sent.to for sent in mail.outbox] == [[alice.email], ["carol@example.org"]]


def test_forgotten_password_is_replaced_by_the_link_in_the_mail(client: Client, alice: User) -> None:
    client.post("/accounts/password/reset/", {"email": alice.email})
    found = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert found
    form = client.get(found[1], follow=True)
    assert "New password" in form.content.decode()
    passwords = {"password1": "a better horse 7", "password2": "a better horse 7"}
    done = client.post(form.redirect_chain[-1][0], passwords, follow=True)
    assert "Your new password is set" in done.content.decode()
    alice.refresh_from_db()
    assert alice.check_password("a better horse 7")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/accounts/password/reset/", {"email": "alice@users.invalid"}),
        ("/accounts/signup/", {"email": "new@users.invalid", "username": "new", "password1": PASSWORD}),
    ],
)
def test_mails_speak_in_the_name_of_the_site(
    path: str, form: dict[str, str], client: Client, alice: User, settings: Any
) -> None:
    settings.SITE_NAME = "Video Lab"
    alice.email = "alice@users.invalid"
    alice.save()
    client.post(path, form)
    (sent,) = mail.outbox
    assert "Hello from Video Lab!" in sent.body
    assert "Hello from testserver" not in sent.body


def test_used_link_of_a_password_mail_says_how_to_get_another(client: Client) -> None:
    assert "This link no longer works" in _read(client, "/accounts/password/reset/key/1-used/")


def test_logging_out_needs_a_click(page: Client) -> None:
    assert "Log out?" in _read(page, "/accounts/logout/")
    page.post("/accounts/logout/")
    assert isinstance(page.get("/").wsgi_request.user, AnonymousUser)


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/accounts/user/"])
def test_the_admin_is_entered_by_the_sites_log_in_which_limits_tries(path: str, client: Client) -> None:
    response = client.get(path, follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    client.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_only_staff_enter_the_admin(page: Client) -> None:
    assert page.get("/admin/login/").status_code == 403
    page.force_login(make_user(is_staff=True))
    assert page.get("/admin/").status_code == 200


def test_guessing_a_password_is_stopped(client: Client, alice: User) -> None:
    cache.clear()
    for _ in range(5):
        client.post("/accounts/login/", {"login": "alice", "password": "wrong"})
    response = client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    assert b"Too many failed login attempts" in response.content
    cache.clear()


@pytest.mark.parametrize("path", ["/", "/methods/", "/submissions/", "/status/", TOKENS])
def test_what_was_drawn_for_one_person_is_kept_by_no_cache(path: str, page: Client, client: Client) -> None:
    assert page.get(path)["Cache-Control"] == "private, no-store"
    assert "private" not in Client().get("/").get("Cache-Control", "")
