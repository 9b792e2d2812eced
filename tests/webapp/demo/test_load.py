"""`manage.py load_demo`: everything of the demo, by the doors that anybody uses."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as site
from django.core.management import call_command
from django.db.models import F
from django.test import Client

from evaluator.catalog import BENCHMARKS
from tests.support.factories import make_submission, make_user
from tests.support.product import ROOT
from tests.support.rest import make_token
from webapp import settings as site_settings
from webapp.accounts.models import User
from webapp.accounts.services import token_authenticate
from webapp.benchmarks.models import Split
from webapp.demo.accounts import NOTE, demo_accounts_set, demo_log_ins
from webapp.demo.benchmarks import DEMOS, ENTRIES, PANOPTIC, SEMANTIC, DemoBenchmark
from webapp.jobs.models import Job
from webapp.submissions.models import Score, Submission
from worker.tasks import evaluate_next

pytestmark = pytest.mark.django_db


def load_demo() -> str:
    out = io.StringIO()
    call_command("load_demo", stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_it_submits_three_methods_to_each_and_changes_nothing_the_second_time(settings: Any) -> None:
    settings.ADMIN_PASSWORD = ""
    first = load_demo()
    for one in DEMOS:
        split = Split.objects.get(benchmark__slug=one.slug)
        assert split.is_open()
        assert split.ground_truth_public
        assert split.frames_public
        assert [row.name for row in split.subsets.all()] == ["crowded"] * (one.slug == "demo-occlusion")
        assert (Path(split.frames_dir) / split.videos[0]["name"] / "00000.jpg").is_file()
        submissions = Submission.objects.filter(split=split)
        # Queued for a worker: nothing is scored but by an evaluation.
        assert [row.status for row in submissions] == ["queued"] * len(ENTRIES)
        assert {row.author.username for row in submissions if row.author} == {"demo"}
    assert Job.objects.count() == len(DEMOS) * len(ENTRIES)
    assert Submission.objects.filter(origin="reported").count() > 100

    counts = Submission.objects.count(), User.objects.count(), Job.objects.count()
    for one in DEMOS:  # a second start needs no file of the first
        (site.VAR / one.folder).rename(site.VAR / f"{one.folder}.away")
    second = load_demo()
    assert not any((site.VAR / one.folder).exists() for one in DEMOS)
    for one in DEMOS:  # but the next test would have to draw them anew
        (site.VAR / f"{one.folder}.away").rename(site.VAR / one.folder)
    assert (Submission.objects.count(), User.objects.count(), Job.objects.count()) == counts

    kept = Path(site.VAR) / "admin_password"
    password = kept.read_text().strip()
    admin, demo = User.objects.get(username="admin"), User.objects.get(username="demo")
    assert (password in first, str(kept) in first, str(kept) in second) == (False, True, True)
    assert admin.is_staff
    assert admin.check_password(password)
    assert demo.check_password("demo")
    assert not demo.is_staff
    assert kept.stat().st_mode & 0o777 == 0o600


def test_an_operators_own_admin_password_is_used_and_not_printed(settings: Any) -> None:
    settings.ADMIN_PASSWORD = "chosen by the operator"
    printed = " ".join(map(str, demo_log_ins()))
    assert User.objects.get(username="admin").check_password("chosen by the operator")
    assert "chosen" not in printed


def _rank(demo: DemoBenchmark) -> dict[str, float | None]:
    """The main metric of each method, the best first."""
    spec = BENCHMARKS[demo.evaluator]
    rows = Submission.objects.filter(split__benchmark__slug=demo.slug, scores__metric=spec.primary)
    best_first = rows.order_by("-scores__value").annotate(value=F("scores__value"))
    return {str(row.variant): row.value for row in best_first.select_related("variant__method")}


@pytest.mark.django_db(transaction=True)
def test_a_worker_scores_the_maps_and_ranks_the_methods_by_their_quality() -> None:
    load_demo()
    Job.objects.filter(submission__split__benchmark__slug="demo-occlusion").delete()
    for _ in range(2 * len(ENTRIES)):
        evaluate_next.apply(throw=True)
    order = [f"{entry.method} {entry.variant}" for entry in reversed(ENTRIES)]
    for demo in (PANOPTIC, SEMANTIC):
        assert list(_rank(demo)) == order
        scores = Score.objects.filter(submission__split__benchmark__slug=demo.slug)
        assert scores.exists()
        assert not scores.filter(value=None).exists()  # or its pages would have empty columns


def test_a_host_gets_the_demo_without_anybody_who_could_log_in(settings: Any) -> None:
    settings.DEMO_SITE = False
    assert "createsuperuser" in load_demo()
    assert [(user.username, user.is_active) for user in User.objects.all()] == [("demo", False)]
    assert Submission.objects.filter(author__username="demo").count() == len(DEMOS) * len(ENTRIES)


def close_demo() -> str:
    """Run what the containers run at each start; what it printed."""
    command = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["migrate"]["command"]
    assert command[:2] == ["python", "manage.py"]
    out = io.StringIO()
    call_command(*command[2:], stdout=out)
    return out.getvalue()


def test_a_host_closes_the_accounts_of_an_earlier_demo_and_nobody_elses(settings: Any) -> None:
    demo_log_ins()
    User.objects.filter(username="demo").update(email="taken.over@example.org")
    submission = make_submission(User.objects.get(username="demo"), note=NOTE)
    token = make_token(User.objects.get(username="demo"))
    make_user("ada")
    assert "closed" not in close_demo()  # a demo site
    settings.DEMO_SITE = False
    assert "the demo's accounts (admin, demo) are closed now" in close_demo()
    assert "closed" not in close_demo()
    assert list(User.objects.filter(is_active=True).values_list("username", flat=True)) == ["ada"]
    assert token_authenticate(secret=token) is None
    assert not Client().login(username="demo", password="demo")
    assert Submission.objects.filter(pk=submission.pk).exists()
    settings.DEMO_SITE = True
    demo_log_ins()
    assert Client().login(username="demo", password="demo")


def test_an_organiser_who_has_made_the_demos_account_their_own_keeps_it() -> None:
    demo_log_ins()
    User.objects.filter(username="admin").update(email="ada@example.org")
    assert demo_accounts_set(is_open=False) == ["demo"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"])
def test_a_demo_site_answers_nobody_behind_a_proxy_and_says_what_to_set(header: str, settings: Any) -> None:
    settings.DEMO_SITE = True
    for path in ("/", "/accounts/login/", "/api/v1/benchmarks", "/static/webapp/css/base.css"):
        answer = Client().get(path, headers={header: "203.0.113.1"})
        assert (path, answer.status_code) == (path, 403)
        assert "PROXIES" in answer.content.decode()
    settings.DEMO_SITE = False
    assert Client().get("/", headers={header: "203.0.113.1"}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "listen", "is_demo"),
    [
        ({}, "127.0.0.1", True),
        ({}, "::1", True),
        ({}, "0.0.0.0", False),
        ({}, "192.0.2.1", False),
        ({"PROXIES": 1}, "127.0.0.1", False),
        ({"HTTPS": True}, "127.0.0.1", False),
        ({"ALLOWED_HOSTS": ["bench.example.org"]}, "127.0.0.1", False),
    ],
)
def test_a_demo_site_is_one_for_this_machine_alone(
    changes: dict[str, Any], listen: str, is_demo: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PROXIES": 0,
        "HTTPS": False,
        "ALLOWED_HOSTS": site_settings.LOCAL_HOSTS,
        **changes,
    }.items():
        monkeypatch.setattr(site_settings, name, value)
    assert site_settings.is_demo_site(listen) is is_demo
