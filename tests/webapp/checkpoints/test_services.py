"""Checkpoints: kept, checked, shared, deleted, and by whom."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError

from tests.support.factories import make_blob, make_user
from tests.webapp.checkpoints.checked import claimed, make_checkpoint, make_ready, make_refused
from webapp.accounts.audit import AuditEvent
from webapp.blobs.storage import blob_bytes
from webapp.checkpoints.attempts import check_claim, check_finish_ready
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.problems import LONGEST_LINE, MOST_LINES, checkpoint_problems
from webapp.checkpoints.selectors import (
    checkpoint_get,
    checkpoint_sentence,
    checkpoint_weights,
    checkpoints_visible_to,
)
from webapp.checkpoints.services import checkpoint_delete, checkpoint_retry, checkpoint_update
from webapp.jobs.models import Job
from webapp.jobs.services import job_finish_failed, job_heartbeat
from webapp.refusal import Refused

pytestmark = pytest.mark.django_db
Status = Checkpoint.Status


def found(checkpoint: Checkpoint) -> Checkpoint:
    """As it is in the database now."""
    return Checkpoint.objects.get(pk=checkpoint.pk)


def test_the_status_follows_from_the_job_and_what_it_stored() -> None:
    checkpoint = make_checkpoint()
    assert found(checkpoint).status == Status.RECEIVED
    check = claimed()
    assert found(checkpoint).status == Status.CHECKING
    job_finish_failed(token=check.token, code="time-limit")
    assert found(checkpoint).status == Status.FAILED
    assert checkpoint_sentence(found(checkpoint)).startswith("Failed on our side: it took longer")
    assert make_ready().status == Status.READY
    assert make_refused().status == Status.REFUSED


def test_a_check_gives_the_file_and_its_name_to_the_worker() -> None:
    source = make_blob(b"weights")
    checkpoint = make_checkpoint(source=source, filename="dvis.pth")
    check = claimed()
    assert (check.source, check.filename) == (source, "dvis.pth")
    assert check_claim(worker="another") is None
    assert Job.objects.get(pk=check.job_id).checkpoint == checkpoint


def test_weights_of_a_ready_checkpoint_lie_at_a_path() -> None:
    checkpoint = make_ready()
    assert checkpoint.weights is not None
    with checkpoint_weights(checkpoint) as path:
        assert path.read_bytes() == blob_bytes(checkpoint.weights)
    with pytest.raises(ValueError, match="refused"), checkpoint_weights(make_refused()):
        pass


def test_the_database_refuses_weights_that_fit_nothing() -> None:
    make_checkpoint()
    with pytest.raises(IntegrityError):
        check_finish_ready(token=claimed().token, weights=make_blob(), configurations=[], parameters=1)


def test_the_name_is_the_files_where_none_is_given() -> None:
    assert make_checkpoint(name="", filename="dvis.pth").name == "dvis.pth"
    with pytest.raises(Refused, match="needs a name"):
        make_checkpoint(name="  ", filename="")


def test_a_checkpoint_is_its_owners_until_it_is_shared() -> None:
    owner, friend, stranger = make_user("owner"), make_user("friend"), make_user("stranger")
    staff = make_user("staff", is_staff=True)
    checkpoint = make_ready(owner)

    def seen_by() -> set[str]:
        people = {
            "owner": owner,
            "friend": friend,
            "stranger": stranger,
            "staff": staff,
            "nobody": AnonymousUser(),
        }
        return {name for name, who in people.items() if checkpoint in checkpoints_visible_to(who)}

    assert seen_by() == {"owner", "staff"}
    checkpoint_update(checkpoint=checkpoint, actor=owner, shared_with=["friend"])
    assert seen_by() == {"owner", "staff", "friend"}
    checkpoint_update(checkpoint=checkpoint, actor=owner, visibility="public")
    assert seen_by() == {"owner", "staff", "friend", "stranger", "nobody"}
    checkpoint_update(checkpoint=checkpoint, actor=owner, visibility="private", shared_with=[])
    assert seen_by() == {"owner", "staff"}


def test_one_that_is_not_ready_is_nobody_elses_business() -> None:
    friend = make_user("friend")
    for make in (make_checkpoint, make_refused):
        checkpoint = make()
        fields = {"visibility": "public", "shared_with": ["friend"]}
        checkpoint_update(checkpoint=checkpoint, actor=checkpoint.owner, **fields)
        with pytest.raises(Checkpoint.DoesNotExist):
            checkpoint_get(user=friend, id=checkpoint.pk)


def test_a_list_is_one_query(django_assert_num_queries: Any) -> None:
    owner, friend = make_user(), make_user("friend")
    for _ in range(3):
        make_ready(owner, shared_with=["friend"], visibility="public")
    with django_assert_num_queries(1):
        rows = list(checkpoints_visible_to(friend))
        assert [(row.status, row.owner.username, row.source.size) for row in rows] == 3 * [
            (Status.READY, owner.username, rows[0].source.size)
        ]


def test_sharing_with_somebody_unknown_changes_nothing() -> None:
    checkpoint = make_ready()
    with pytest.raises(Refused, match="There is no user carol"):
        checkpoint_update(checkpoint=checkpoint, actor=checkpoint.owner, name="New", shared_with=["carol"])
    assert found(checkpoint).name == "DVIS"


def test_only_its_owner_and_staff_change_or_delete_one() -> None:
    checkpoint, stranger = make_ready(visibility="public"), make_user()
    for action in (checkpoint_update, checkpoint_delete):
        with pytest.raises(Refused, match="belongs to somebody else") as refused:
            action(checkpoint=checkpoint, actor=stranger)
        assert refused.value.status == 403
    checkpoint_update(checkpoint=checkpoint, actor=make_user("staff", is_staff=True), name="Renamed")
    assert found(checkpoint).name == "Renamed"


def test_deleting_one_that_is_being_checked_takes_it_from_the_worker() -> None:
    checkpoint = make_checkpoint()
    check, subject = claimed(), f"checkpoint:{checkpoint.pk}"
    checkpoint_delete(checkpoint=checkpoint, actor=checkpoint.owner)
    assert not job_heartbeat(token=check.token)
    assert not check_finish_ready(token=check.token, weights=make_blob(), configurations=["x"], parameters=1)
    assert AuditEvent.objects.filter(subject=subject, action="checkpoint.deleted").exists()


def test_nobody_keeps_more_than_the_limit(settings: Any) -> None:
    settings.CHECKPOINTS_PER_USER = 1
    owner = make_user()
    first = make_checkpoint(owner)
    with pytest.raises(Refused, match="You have 1 checkpoint, and may keep 1"):
        make_checkpoint(owner)
    checkpoint_delete(checkpoint=first, actor=owner)
    make_checkpoint(owner)


def test_staff_have_a_failed_check_made_again() -> None:
    checkpoint, staff = make_checkpoint(), make_user("staff", is_staff=True)
    with pytest.raises(Refused, match="Only the organisers"):
        checkpoint_retry(checkpoint=checkpoint, actor=checkpoint.owner)
    with pytest.raises(Refused, match="waiting to be checked"):
        checkpoint_retry(checkpoint=checkpoint, actor=staff)
    job_finish_failed(token=claimed().token, code="time-limit")
    checkpoint_retry(checkpoint=found(checkpoint), actor=staff)
    assert found(checkpoint).status == Status.RECEIVED


def test_what_a_hostile_file_says_is_cut_to_a_size_and_to_characters_that_can_be_shown() -> None:
    lines = ["nul \x00 and escape \x1b[31m", "x" * 10_000, *(f"line {n}" for n in range(1000))]
    problems = checkpoint_problems("checkpoint-mismatch", lines)
    assert len(problems) == MOST_LINES + 1
    assert problems[0]["message"] == "nul \N{REPLACEMENT CHARACTER} and escape \N{REPLACEMENT CHARACTER}[31m"
    assert len(problems[1]["message"]) == LONGEST_LINE + 1
    assert sum(problem["count"] for problem in problems) == len(lines)
