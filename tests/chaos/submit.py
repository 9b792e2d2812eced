"""Submits a file to a running product, in a process of its own with the product's settings.

python -m tests.chaos.submit SLUG FILE...    prints {"ids": [...], "seconds": of all calls} as JSON
"""
# ruff: noqa: E402 - models cannot be imported before Django is set up

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from tests.support.factories import make_variant
from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.blobs.storage import blob_save_copy
from webapp.submissions.services import submission_create


def main(slug: str, *files: str) -> None:
    split = Split.objects.select_related("benchmark").get(benchmark__slug=slug)
    author = User.objects.get(username="chaos")
    variant = make_variant(author, "Chaos")
    blobs = [blob_save_copy(Path(file)) for file in files]
    begin = time.perf_counter()
    rows = [
        submission_create(author=author, split=split, variant=variant, blob=blob, filename="results.json")
        for blob in blobs
    ]
    print(json.dumps({"ids": [str(row.id) for row in rows], "seconds": time.perf_counter() - begin}))


main(*sys.argv[1:])
