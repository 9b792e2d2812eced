"""The page that describes the API."""

import html
import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_describes_every_call_of_the_document_without_a_script(client: Client) -> None:
    page = client.get("/api/v1/docs").content.decode()
    document = client.get("/api/v1/openapi.json").json()
    calls = [(verb.upper(), path) for path, verbs in document["paths"].items() for verb in verbs]
    shown = re.findall(r'<span class="verb">([A-Z]+)</span> <span class="path">([^<]+)</span>', page)
    assert sorted(shown) == sorted(calls)
    assert [name for name in document["components"]["schemas"] if f'id="object-{name}"' not in page] == []
    # Every reference leads to an object of the page.
    assert set(re.findall(r'href="#(object-\w+)"', page)) <= set(re.findall(r'id="(object-\w+)"', page))


def test_a_call_says_which_scope_it_needs_and_shows_a_command(client: Client) -> None:
    page = html.unescape(client.get("/api/v1/docs").content.decode())
    submit = page.partition('id="submit_upload"')[2].partition("</details>")[0]
    assert "It needs a token with the scope submit." in submit
    assert "scope <code>submit</code>" in submit
    assert 'curl -X POST "http://testserver/api/v1/submissions"' in submit
    assert "Authorization: Bearer $DVIS_BENCH_TOKEN" in submit
    piece = page.partition('id="append_piece"')[2].partition("</details>")[0]
    assert 'curl -X PATCH "http://testserver/api/v1/uploads/ID" \\\n' in piece
    assert "1 to 200 characters" in submit
    assert '-H "Upload-Offset: NUMBER"' in piece
    assert "--data-binary @FILE" in piece
    read = page.partition('id="list_methods"')[2].partition("</details>")[0]
    assert "Anybody may call it; with a token of the scope read" in read


def test_every_call_is_named_in_words(client: Client) -> None:
    calls = [
        call for path in client.get("/api/v1/openapi.json").json()["paths"].values() for call in path.values()
    ]
    summaries = [call["summary"] for call in calls]
    assert "List your submissions" in summaries
    # What the framework makes of the name of a function has a capital in every word.
    assert not [text for text in summaries if " " in text and text.istitle()]
    assert len(set(summaries)) == len(summaries)
