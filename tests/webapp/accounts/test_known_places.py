"""Who is held up by limits: the one who tries, wherever our proxies have met them, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.support.factories import make_user
from tests.support.rest import Api
from webapp.accounts.addresses import client_address, limited_address
from webapp.accounts.models import KnownBlock, User
from webapp.accounts.services import block_remember

PASSWORD = "correct horse 9"
HOME, ATTACKER, ELSEWHERE = "198.51.100.7", "203.0.113.1", "192.0.2.9"


@pytest.fixture
def proxied(settings: Any) -> None:
    settings.PROXIES, settings.DEMO_SITE = 1, False
    cache.clear()


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice", password=PASSWORD)


def log_in(address: str, password: str, login: str = "alice") -> int:
    """The status of a log-in that our proxy has seen from an address, which says it is another one."""
    form = {"login": login, "password": password}
    headers = {"X-Forwarded-For": f"10.9.8.7, {address}"}
    return Client().post("/accounts/login/", form, headers=headers).status_code


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "10.0.0.1, 203.0.113.1", "203.0.113.1"),
        (2, "10.0.0.1, 203.0.113.1, 192.0.2.1", "203.0.113.1"),
        (2, "203.0.113.1", "203.0.113.1"),
        (1, "203.0.113.1:8080", "203.0.113.1"),
        (1, "[2001:DB8::1]:8080", "2001:db8::1"),
        (1, "::ffff:203.0.113.1", "203.0.113.1"),
        (1, "no address at all", "127.0.0.1"),
    ],
)
def test_as_many_entries_are_believed_as_there_are_proxies(
    proxies: int, header: str, address: str, settings: Any
) -> None:
    settings.PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header} if header else {})
    assert client_address(request) == address


def test_addresses_that_one_customer_can_choose_from_count_as_one(settings: Any) -> None:
    settings.PROXIES = 1
    asked = [
        limited_address(RequestFactory().get("/", headers={"X-Forwarded-For": entry}))
        for entry in ("2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2")
    ]
    assert len(set(asked)) == 4


@pytest.mark.usefixtures("proxied")
def test_behind_a_proxy_one_address_at_its_limit_leaves_others_alone(alice: User) -> None:
    statuses = [log_in(ATTACKER, "wrong", f"user{number}") for number in range(34)]
    assert statuses.count(429) == 4
    assert log_in(HOME, PASSWORD) == 302


@pytest.mark.usefixtures("proxied")
def test_wrong_tries_from_elsewhere_shut_nobody_out_of_a_network_that_is_known(alice: User) -> None:
    assert log_in(HOME, PASSWORD) == 302
    for number in range(6):
        log_in(f"203.0.113.{number}", "wrong", "alice@example.org" if number % 2 else "alice")
    assert log_in(ELSEWHERE, PASSWORD) == 200, "five tries are all that strangers have together"
    assert log_in("198.51.100.200", PASSWORD) == 302, "another machine of the known network"


@pytest.mark.usefixtures("proxied")
def test_a_known_network_has_no_more_tries_than_others(alice: User) -> None:
    log_in(HOME, PASSWORD)
    for _ in range(5):
        assert log_in(HOME, "wrong") == 200
    assert log_in(HOME, PASSWORD) == 200
    assert log_in(ELSEWHERE, PASSWORD) == 302


@pytest.mark.usefixtures("proxied")
def test_networks_are_kept_for_90_days_as_hashes_and_then_forgotten(alice: User) -> None:
    block_remember(user=alice, address="2001:db8:1:200::1")
    block_remember(user=alice, address="2001:db8:1:2ff::1")  # the same /56
    row = KnownBlock.objects.get()
    assert "2001" not in row.digest
    assert timedelta(days=89) < row.expires_at - timezone.now() <= timedelta(days=90)
    KnownBlock.objects.update(expires_at=timezone.now())
    block_remember(user=make_user(), address="2001:db8:1:200::1")
    assert KnownBlock.objects.filter(user=alice).count() == 0


@pytest.mark.usefixtures("proxied")
def test_wrong_tokens_are_refused_unread_when_they_are_many_and_right_ones_are_not(
    alice: User, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.API_THROTTLE_ANONYMOUS = "3/h"
    right, wrong = Api(alice), Api()
    wrong.headers = {"Authorization": "Bearer dvb_wrong"}
    assert right.get("/submissions").status_code == 200
    assert [wrong.get("/submissions").status_code for _ in range(3)] == [401] * 3
    with django_assert_num_queries(0):
        refused = wrong.get("/submissions")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "wrong API tokens" in refused.json()["detail"]
    assert right.get("/submissions").status_code == 200
    wrong.headers["X-Forwarded-For"] = ELSEWHERE
    assert wrong.get("/submissions").status_code == 401
