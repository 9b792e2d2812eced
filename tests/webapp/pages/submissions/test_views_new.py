"""The submit page without scripts; tests/e2e/test_submit.py has it in a browser."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.support.factories import make_blob, make_split, make_submission, make_user, make_variant
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.methods.models import Method
from webapp.submissions.models import Submission
from webapp.uploads.models import Upload
from webapp.uploads.services import upload_from_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def split() -> Split:
    videos = [{"id": 1, "name": "street", "length": 2, "height": 4, "width": 6}]
    return make_split("shapes", benchmark={"categories": [{"id": 3, "name": "cat"}]}, videos=videos)


@pytest.fixture
def page(client: Client, alice: User, split: Split) -> Client:
    """A browser in which Alice has logged in."""
    client.force_login(alice)
    return client


def _file(content: bytes = b"[]", name: str = "results.json") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def _form(**fields: Any) -> dict[str, Any]:
    return {"method_name": "DVIS", "visibility": "public", **fields}


URL = "/benchmarks/shapes/submit/"


def test_page_hands_the_browser_what_its_check_needs(page: Client) -> None:
    text = page.get(URL).content.decode()
    assert '"name": "street"' in text
    assert '"categories": [3]' in text
    assert "Write one item per frame, and null where the object is not visible." in text


def test_anonymous_visitor_logs_in_and_comes_back(client: Client, split: Split) -> None:
    response = client.get(URL)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={URL}"


def test_fields_of_factors_suggest_the_canonical_words(page: Client) -> None:
    text = page.get(URL).content.decode()
    assert 'list="words-backbone"' in text
    assert '<datalist id="words-backbone"><option value="ResNet-50"></option>' in text


def test_plain_form_submits_its_file_under_a_new_method(page: Client, alice: User) -> None:
    fields = {"variant_name": "offline", "factor_backbone": "R50", "note": "step 3000"}
    response = page.post(URL, _form(file=_file(b"[1]"), **fields))
    submission = Submission.objects.get()
    assert response["Location"] == submission.get_absolute_url()
    assert submission.status == Submission.Status.QUEUED
    assert (submission.author, submission.filename, submission.note) == (alice, "results.json", "step 3000")
    assert str(submission.variant) == "DVIS offline"
    assert submission.variant.factors == {"backbone": "ResNet-50"}
    assert submission.variant.factors_as_typed == {"backbone": "R50"}
    assert submission.is_public


def test_a_note_that_turns_the_text_around_is_refused_and_the_file_is_kept(page: Client) -> None:
    response = page.post(URL, _form(file=_file(b"[1]"), note="best \u202e3000"))
    text = response.content.decode()
    assert (response.status_code, "note: it holds the control character U+202E." in text) == (422, True)
    assert "on the server" in text
    assert not Submission.objects.exists()


def test_finished_upload_is_submitted_by_its_name(page: Client, alice: User) -> None:
    upload = upload_from_file(owner=alice, file=_file(name="mine.zip"))
    page.post(URL, _form(upload=str(upload.pk), visibility="private"))
    submission = Submission.objects.get()
    assert (submission.blob, submission.filename, submission.is_public) == (upload.blob, "mine.zip", False)


def test_own_variant_is_chosen_from_the_list(page: Client, alice: User) -> None:
    variant = make_variant(alice, "MinVIS")
    page.post(URL, {"file": _file(), "variant": variant.pk, "visibility": "public"})
    assert Submission.objects.get().variant == variant


def test_variant_of_somebody_else_is_refused(page: Client) -> None:
    other = make_variant(make_user(), "Secret")
    response = page.post(URL, {"file": _file(), "variant": other.pk, "visibility": "public"})
    assert response.status_code == 422
    assert not Submission.objects.exists()
    assert b"Secret" not in response.content


def test_upload_of_somebody_else_is_refused(page: Client) -> None:
    upload = upload_from_file(owner=make_user(), file=_file())
    response = page.post(URL, _form(upload=str(upload.pk)))
    assert response.status_code == 422
    assert b"This upload has expired. Choose the file again." in response.content


@pytest.mark.parametrize("upload", ["nonsense", "1", "00000000-0000-0000-0000-000000000000", "\x00"])
def test_upload_that_does_not_exist_is_refused(upload: str, page: Client) -> None:
    response = page.post(URL, _form(upload=upload))
    assert response.status_code == 422
    assert not Submission.objects.exists()


def test_unfinished_upload_is_refused(page: Client, alice: User) -> None:
    upload = Upload.objects.create(owner=alice, length=9, expires_at=timezone.now() + timedelta(days=1))
    assert page.post(URL, _form(upload=str(upload.pk))).status_code == 422
    assert not Submission.objects.exists()


def test_missing_file_and_method_are_both_named(page: Client) -> None:
    response = page.post(URL, {"visibility": "public"})
    assert response.status_code == 422
    assert b"Choose a results.json, or a zip archive that holds one." in response.content
    summary = response.content.decode().partition('id="error-summary"')[2].partition("</div>")[0]
    assert 'href="#id_file"' in summary
    assert "Name the method, or choose one of yours." in summary
    assert "2 fields need a look" in summary


def test_empty_request_is_told_what_is_missing(page: Client) -> None:
    response = page.post(URL, b"--x\r\nbroken", content_type="multipart/form-data; boundary=x")
    assert response.status_code == 422
    assert b"Choose a results.json, or a zip archive that holds one." in response.content


def test_file_and_fields_are_kept_when_something_is_missing(page: Client) -> None:
    response = page.post(URL, {"file": _file(b"[1, 2]"), "note": "keep me", "factor_mode": "online"})
    upload = Upload.objects.get()
    text = response.content.decode()
    assert response.status_code == 422
    assert f'name="upload" value="{upload.pk}"' in text
    assert 'value="keep me"' in text
    assert 'value="online"' in text
    page.post(URL, _form(upload=str(upload.pk)))
    assert Submission.objects.get().blob == upload.blob


def test_chosen_file_replaces_the_upload_that_was_kept(page: Client, alice: User) -> None:
    kept = upload_from_file(owner=alice, file=_file(b"old"))
    page.post(URL, _form(upload=str(kept.pk), file=_file(b"new", "new.json")))
    assert Submission.objects.get().filename == "new.json"


def test_used_up_quota_says_when_the_next_one_is_free_and_keeps_the_file(
    page: Client, alice: User, split: Split
) -> None:
    Split.objects.update(quota_per_day=1)
    split.refresh_from_db()
    make_submission(alice, split)
    response = page.post(URL, _form(file=_file(b"another")))
    text = response.content.decode()
    assert response.status_code == 422
    assert "You have used the only submission of today" in text
    assert "0 of 1" in text
    assert "at most 20 times per day (20 left today)" in text
    assert f'value="{Upload.objects.latest("created_at").pk}"' in text
    assert not Method.objects.filter(name="DVIS").exists()


def test_closed_split_shows_when_it_closed_and_no_form(page: Client) -> None:
    Split.objects.update(closes_at=timezone.now() - timedelta(days=1))
    text = page.get(URL).content.decode()
    assert "Submissions closed on" in text
    assert "<form id" not in text


def test_split_that_opens_later_shows_when(page: Client) -> None:
    Split.objects.update(opens_at=timezone.now() + timedelta(days=1))
    assert "Submissions open on" in page.get(URL).content.decode()


def test_split_without_ground_truth_takes_nothing(page: Client) -> None:
    Split.objects.update(ground_truth=None)
    assert "Nothing can be scored here" in page.get(URL).content.decode()


def test_post_to_a_closed_split_is_refused_and_keeps_the_file(page: Client) -> None:
    Split.objects.update(closes_at=timezone.now() - timedelta(days=1))
    response = page.post(URL, _form(file=_file()))
    assert response.status_code == 422
    assert not Submission.objects.exists()


@pytest.mark.parametrize("path", ["/benchmarks/nothing/submit/", f"{URL}?split=nothing"])
def test_unknown_benchmark_or_split_is_not_found(path: str, page: Client) -> None:
    assert page.get(path).status_code == 404


def test_private_benchmark_is_not_found_by_others(page: Client, split: Split) -> None:
    split.benchmark.is_public = False
    split.benchmark.save()
    assert page.get(URL).status_code == 404
    assert page.post(URL, _form(file=_file())).status_code == 404


def test_other_split_is_reached_by_its_name(page: Client, split: Split) -> None:
    other = Split.objects.create(
        benchmark=split.benchmark, name="test", ground_truth=make_blob(), opens_at=split.opens_at
    )
    assert "test</small>" in page.get(f"{URL}?split=test").content.decode()
    page.post(f"{URL}?split=test", _form(file=_file()))
    assert Submission.objects.get().split == other


def test_other_methods_than_get_and_post_are_not_allowed(page: Client) -> None:
    assert page.put(URL).status_code == 405


def test_page_needs_few_queries_whatever_is_stored(
    page: Client, alice: User, split: Split, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _ in range(5):
        make_submission(alice, split)
    cache.clear()
    page.get(URL)  # the queue's state is remembered for some seconds from here on
    with django_assert_max_num_queries(16):
        page.get(URL)


def test_submit_again_keeps_what_was_chosen(page: Client, alice: User, split: Split) -> None:
    variant = make_variant(alice, "Tracker")
    earlier = make_submission(alice, split, variant=variant, note="step 3000", is_public=False)
    form = page.get(f"{URL}?split=val&again={earlier.pk}").content.decode()
    assert f'<option value="{variant.pk}" selected>' in form
    assert 'value="step 3000"' in form
    assert re.search(r'value="private"[^>]* checked', form)
    for other in (make_submission(split=split).pk, "no-id"):
        assert page.get(f"{URL}?again={other}").status_code == 404
