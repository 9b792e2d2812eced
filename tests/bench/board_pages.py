"""Measures pages of a board in a process of its own, as `manage.py serve` is one. See bench_board.py."""

import ast
import json
import logging
import os
import sys

import django

TIMES = 9


def main() -> None:
    database, pages = (ast.literal_eval(text) for text in sys.argv[1:])
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from tests import settings

    settings.DATABASES["default"] |= database
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    django.setup()
    print(json.dumps(measured(pages)))


def measured(pages: dict[str, str]) -> dict[str, dict[str, float]]:
    """By page: queries, milliseconds (the best of some), and megabytes."""
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.bench.anonymous_memory import anonymous_bytes
    from tests.bench.spent import spent
    from webapp.management.commands.serve import load_all

    logging.disable(logging.INFO)
    load_all()
    client = Client(SERVER_NAME="localhost")
    client.get("/about-numbers/")  # a page without a board: what a first request of any kind loads
    found: dict[str, dict[str, float]] = {}
    for name, query in pages.items():
        address = f"/benchmarks/shapes/{query}"
        before = anonymous_bytes()
        with spent() as cold:
            answer = client.get(address, follow=True)
        assert answer.status_code == 200, answer.status_code
        memory = anonymous_bytes() - before
        times = []
        for _ in range(TIMES):
            cache.clear()
            with spent() as one:
                client.get(address, follow=True)
            times.append(one)
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get(address, follow=True)
        best = min(times, key=lambda one: one.site + one.postgres)
        found[name] = {
            "queries": len(queries),
            "site": 1000 * best.site,
            "postgres": 1000 * best.postgres,
            "wall": 1000 * best.wall,
            "memory": memory / 2**20,
        }
        if not query:
            found[name]["cold"] = 1000 * cold.site
    return found


if __name__ == "__main__":
    main()
