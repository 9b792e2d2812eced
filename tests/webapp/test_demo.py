"""`manage.py load_demo`: everything of the demo, by the doors that anybody uses."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import call_command

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.demo import ENTRIES, SLUG
from webapp.jobs.models import Job
from webapp.submissions.models import Submission

pytestmark = pytest.mark.django_db


def load_demo() -> str:
    out = io.StringIO()
    call_command("load_demo", stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_it_submits_three_methods_and_changes_nothing_the_second_time(settings: Any) -> None:
    settings.ADMIN_PASSWORD = ""
    first = load_demo()
    split = Split.objects.get(benchmark__slug=SLUG)
    assert split.is_open()
    assert split.ground_truth_public
    assert (Path(split.frames_dir) / split.videos[0]["name"] / "00000.jpg").is_file()
    submissions = Submission.objects.filter(split=split)
    # Queued for a worker: nothing is scored but by an evaluation.
    assert [row.status for row in submissions] == ["queued"] * len(ENTRIES)
    assert {row.author.username for row in submissions if row.author} == {"demo"}
    assert Job.objects.count() == len(ENTRIES)
    assert Submission.objects.filter(origin="reported").count() > 100

    counts = Submission.objects.count(), User.objects.count(), Job.objects.count()
    second = load_demo()
    assert (Submission.objects.count(), User.objects.count(), Job.objects.count()) == counts

    kept = Path(site.VAR) / "admin_password"
    password = kept.read_text().strip()
    admin, demo = User.objects.get(username="admin"), User.objects.get(username="demo")
    assert (password in first, password in second, str(kept) in second) == (True, False, True)
    assert admin.is_staff
    assert admin.check_password(password)
    assert demo.check_password("demo")
    assert not demo.is_staff
    assert kept.stat().st_mode & 0o777 == 0o600


def test_an_operators_own_admin_password_is_used_and_not_printed(settings: Any) -> None:
    settings.ADMIN_PASSWORD = "chosen by the operator"
    printed = load_demo()
    assert User.objects.get(username="admin").check_password("chosen by the operator")
    assert "chosen" not in printed
