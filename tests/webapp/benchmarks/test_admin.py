"""What organisers do in the admin: nothing there is a 500, and no tick deletes or hides more than meant."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client

from tests.support.boards import make_board, make_row
from tests.support.factories import make_blob, make_split, make_submission, make_user
from webapp.accounts.admin_trail import Audited
from webapp.accounts.audit import AuditEvent
from webapp.accounts.models import User
from webapp.benchmarks.models import Benchmark, Split, VideoSubset
from webapp.jobs.admin import ReadOnly
from webapp.submissions.models import Submission
from webapp.submissions.services import SubmissionRefused, submission_set_public

pytestmark = pytest.mark.django_db


@pytest.fixture
def organiser() -> User:
    return make_user("olga", is_staff=True, is_superuser=True)


@pytest.fixture
def http(organiser: User) -> Client:
    client = Client()
    client.force_login(organiser)
    return client


def benchmark_form(benchmark: Benchmark, **changes: Any) -> dict[str, Any]:
    """What the page of a benchmark sends; `changes` name fields, such as `splits-0-is_default`."""
    splits = list(benchmark.splits.order_by("pk"))
    form: dict[str, Any] = {
        "slug": benchmark.slug,
        "name": benchmark.name,
        "is_public": "on",
        "position": "100",
        "splits-TOTAL_FORMS": str(len(splits)),
        "splits-INITIAL_FORMS": str(len(splits)),
    }
    for number, split in enumerate(splits):
        form |= {f"splits-{number}-id": split.pk, f"splits-{number}-benchmark": benchmark.pk}
        form |= {f"splits-{number}-name": split.name, f"splits-{number}-scores_visible": "on"}
        form |= {f"splits-{number}-is_default": "on"} if split.is_default else {}
    return {key: value for key, value in (form | changes).items() if value is not None}


def two_splits() -> Benchmark:
    split = make_split("two")
    Split.objects.create(benchmark=split.benchmark, name="test", ground_truth=make_blob())
    return split.benchmark


def test_two_people_are_added_without_an_address_and_may_submit(http: Client, organiser: User) -> None:
    for name in ("ann", "ben"):
        form = {"username": name, "password1": "a-long-word-7", "password2": "a-long-word-7"}
        assert http.post("/admin/accounts/user/add/", form | {"usable_password": "true"}).status_code == 302
    made = User.objects.filter(username__in=["ann", "ben"])
    assert list(made.values_list("email", "is_vouched_for")) == [(None, True)] * 2
    event = AuditEvent.objects.filter(action="admin.added").latest("at")
    assert (event.actor, "a-long-word-7" in str(event.data)) == (organiser, False)


def test_a_second_default_is_refused_in_words_and_another_one_may_take_over(http: Client) -> None:
    benchmark = two_splits()
    address = f"/admin/benchmarks/benchmark/{benchmark.pk}/change/"
    both = http.post(address, benchmark_form(benchmark, **{"splits-1-is_default": "on"}))
    assert (both.status_code, "One split is the default" in both.content.decode()) == (200, True)
    taken_over = {"splits-0-is_default": None, "splits-1-is_default": "on"}
    assert http.post(address, benchmark_form(benchmark, **taken_over)).status_code == 302
    assert list(benchmark.splits.order_by("pk").values_list("is_default", flat=True)) == [False, True]
    taken_back = {"splits-0-is_default": "on", "splits-1-is_default": None}
    assert http.post(address, benchmark_form(benchmark, **taken_back)).status_code == 302
    assert list(benchmark.splits.order_by("pk").values_list("is_default", flat=True)) == [True, False]


def test_edits_are_in_the_audit_trail_with_before_and_after(http: Client, organiser: User) -> None:
    split = make_split("blind", scores_visible=False, opens_at=None)
    address = f"/admin/benchmarks/benchmark/{split.benchmark.pk}/change/"
    form = benchmark_form(split.benchmark, **{"splits-0-quota_per_day": "3"})
    assert http.post(address, form).status_code == 302
    event = AuditEvent.objects.get(action="admin.changed")
    assert (event.actor, event.subject) == (organiser, f"benchmark:{split.benchmark.pk}")
    changed = event.data["changes"][f"split:{split.pk}"]
    assert changed["scores_visible"] == [False, True]
    assert changed["quota_per_day"] == [None, 3]


def test_everything_that_can_be_edited_is_audited() -> None:
    ours = {model: one for model, one in admin.site._registry.items() if "webapp" in model.__module__}
    assert len(ours) > 8
    assert {model for model, one in ours.items() if not isinstance(one, Audited | ReadOnly)} == set()


def test_no_tick_deletes_a_split_or_subset_only_its_typed_name_does(http: Client) -> None:
    benchmark = two_splits()
    split = benchmark.splits.get(name="test")
    subset = VideoSubset.objects.create(split=split, name="long", title="Long", videos=["1"])
    form = benchmark_form(benchmark, **{"splits-1-DELETE": "on"})
    http.post(f"/admin/benchmarks/benchmark/{benchmark.pk}/change/", form)
    assert benchmark.splits.count() == 2
    for row, kind in ((subset, "videosubset"), (split, "split")):
        many = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        http.post(f"/admin/benchmarks/{kind}/", many)
        address = f"/admin/benchmarks/{kind}/{row.pk}/delete/"
        assert "to delete it" in http.get(address).content.decode()
        http.post(address, {"post": "yes", "typed": "other"})
        assert type(row).objects.filter(pk=row.pk).exists()
        http.post(address, {"post": "yes", "typed": row.name})
        assert not type(row).objects.filter(pk=row.pk).exists()
    assert AuditEvent.objects.filter(action="admin.deleted").count() == 2


def test_an_unknown_evaluator_cannot_be_saved_and_a_known_one_says_the_task(http: Client) -> None:
    empty = {"splits-TOTAL_FORMS": "0", "splits-INITIAL_FORMS": "0", "position": "1"}
    form = {"slug": "new", "name": "New", **empty}
    answer = http.post("/admin/benchmarks/benchmark/add/", form | {"evaluator": "no-such"})
    assert (answer.status_code, Benchmark.objects.exists()) == (200, False)
    assert http.post("/admin/benchmarks/benchmark/add/", form | {"evaluator": "vipseg"}).status_code == 302
    assert Benchmark.objects.get().task == "vps"


def test_a_name_or_an_address_that_somebody_has_is_refused_by_a_sentence(http: Client) -> None:
    make_user("ann")
    form = {"password1": "correct horse 9", "password2": "correct horse 9", "usable_password": "true"}
    wrong = [("ann", ""), ("Ann", ""), ("a b", ""), ("", ""), ("ben", "ANN@example.org")]
    for name, address in wrong:
        answer = http.post("/admin/accounts/user/add/", form | {"username": name, "email": address})
        assert (answer.status_code, b"errorlist" in answer.content) == (200, True), name
    assert b"belongs to another account" in answer.content


def test_who_may_add_users_cannot_make_themselves_superusers(organiser: User) -> None:
    helper = make_user("hal", is_staff=True)
    for name in ("add_user", "change_user", "view_user"):
        helper.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(helper)
    form = {"username": "hal", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    client.post(f"/admin/accounts/user/{helper.pk}/change/", form)
    helper.refresh_from_db()
    assert (helper.is_superuser, helper.is_staff) == (False, True)
    assert client.post(f"/admin/accounts/user/{organiser.pk}/change/", form).status_code == 403


def test_what_organisers_hide_stays_hidden_whatever_its_author_does(organiser: User) -> None:
    author, split = make_user(), make_board()
    row = make_row(split, "Cheater", 0.5, author=author)
    submission_set_public(submission=row, actor=organiser, is_public=False)
    with pytest.raises(SubmissionRefused, match="only they can publish it again") as refused:
        submission_set_public(submission=row, actor=author, is_public=True)
    assert refused.value.code == "hidden-by-organisers"
    submission_set_public(submission=row, actor=author, is_public=False)
    again = make_submission(author, split, blob=row.blob)
    assert (again.is_hidden, again.is_public) == (True, False)
    changed = make_submission(author, split, variant=row.variant, blob=make_blob(b"[ ]"))
    assert (changed.is_hidden, changed.is_public) == (True, False)
    assert not Submission.objects.filter(is_public=True).exists()
    assert make_submission(author, split, blob=make_blob(b"[  ]")).is_public  # of another method
    submission_set_public(submission=row, actor=organiser, is_public=True)
    row.refresh_from_db()
    assert (row.is_public, row.is_hidden) == (True, False)


def test_an_author_publishes_what_the_author_hid() -> None:
    author = make_user()
    row = make_row(make_board(), "Mine", 0.5, author=author)
    submission_set_public(submission=row, actor=author, is_public=False)
    assert submission_set_public(submission=row, actor=author, is_public=True).is_public


def test_staff_see_which_private_ground_truths_have_no_quota(http: Client) -> None:
    make_split("free")
    make_split("bounded", quota_per_day=5, quota_total=100)
    make_split("public", ground_truth_public=True)
    page = http.get("/status/").content.decode()
    assert "import_benchmark free --split val --quota-per-day 5" in page
    assert "import_benchmark bounded" not in page
    assert "import_benchmark public" not in page
    assert "import_benchmark free" not in Client().get("/status/").content.decode()


def test_rows_scored_on_an_old_ground_truth_are_marked_on_the_board() -> None:
    split = make_board("old")
    make_row(split, "Fresh", 0.5)
    make_row(split, "Former", 0.6, ground_truth=make_blob())
    page = Client().get("/benchmarks/old/").content.decode()
    assert page.count(">outdated<") == 1
    rows = Client().get("/api/v1/benchmarks/old/leaderboard").json()["rows"]
    stale = {row["method"]: row["stale"] for row in rows}
    assert stale == {"Fresh": None, "Former": "Scored against an earlier ground truth of this split."}
