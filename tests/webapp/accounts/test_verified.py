"""Who may submit: people with a verified address, where mails are sent, and those whom organisers made."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from tests.support.factories import make_split, make_submission, make_user
from webapp.accounts.models import User
from webapp.accounts.services import user_get_or_create
from webapp.submissions.services import SubmissionRefused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mails_are_sent(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


def test_an_unverified_address_cannot_submit_and_a_verified_one_can() -> None:
    alice = make_user()
    address = EmailAddress.objects.create(user=alice, email=alice.email, primary=True)
    with pytest.raises(SubmissionRefused, match="Your e-mail address is not verified") as refused:
        make_submission(alice)
    assert (refused.value.code, refused.value.status) == ("address-unverified", 403)
    address.verified = True
    address.save()
    make_submission(alice)


@pytest.mark.parametrize("backend", ["console", "dummy", "locmem", "filebased"])
def test_where_no_mail_is_sent_nobody_needs_to_verify(settings: Settings, backend: str) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    make_submission(make_user())


def test_who_submitted_before_or_was_made_by_organisers_counts_as_verified(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    alice, split = make_user(), make_split()
    make_submission(alice, split)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    make_submission(alice, split)
    make_submission(make_user(is_staff=True))
    make_submission(user_get_or_create(username="ci-bot"))


def test_two_people_may_be_without_an_address() -> None:
    for name in ("ci-bot", "nightly"):
        call_command("create_token", name)
    call_command("createsuperuser", "--noinput", "--username=root", "--email=")
    assert list(User.objects.values_list("email", flat=True)) == [None] * 3


def test_whom_organisers_made_log_in_where_addresses_must_be_verified(settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    for name, is_vouched_for in (("made", True), ("came", False)):
        make_user(name, password="a-long-word-7", is_vouched_for=is_vouched_for)
        answer = Client().post("/accounts/login/", {"login": name, "password": "a-long-word-7"})
        assert ("confirm-email" in answer["Location"]) == (not is_vouched_for)
