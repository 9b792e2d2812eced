"""Submissions and jobs in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.factories import claim, make_submission, make_user
from webapp.jobs.services import job_finish_failed

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "model", ["submissions_submission", "jobs_job", "jobs_auditevent", "jobs_workernode"]
)
def test_lists_and_pages_can_be_looked_at_and_not_changed(admin: Client, model: str) -> None:
    submission = make_submission()
    claim()
    assert admin.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:{model}_add")).status_code == 403
    if model == "submissions_submission":
        page = admin.get(reverse(f"admin:{model}_change", args=[submission.pk]))
        assert page.status_code == 200
        assert b'name="_save"' not in page.content


def test_the_retry_action_queues_what_failed_and_tells_what_it_left_alone(admin: Client) -> None:
    failed = make_submission()
    job_finish_failed(token=claim().token, code="time-limit")
    queued = make_submission()
    page = admin.post(
        reverse("admin:submissions_submission_changelist"),
        {"action": "retry", "_selected_action": [str(failed.pk), str(queued.pk)]},
        follow=True,
    )
    failed.refresh_from_db()
    assert failed.status == "queued"
    assert b"1 queued again." in page.content
    assert b"this one is queued" in page.content
