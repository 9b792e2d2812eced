"""`manage.py migrate`, killed where it hurts most: between making tables and writing that they are made."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings

from tests.support.product import ROOT, wait_until
from webapp.embedded import DATABASE, database_url

NAME = "killed_migration"


@pytest.fixture
def environment(servers: object) -> Iterator[dict[str, str]]:
    """The settings of a site with an empty database of its own."""
    with psycopg.connect(database_url(settings.VAR), autocommit=True) as postgres:
        postgres.execute(f"CREATE DATABASE {NAME}")
        yield {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "DVIS_BENCH_VAR": str(settings.VAR),
            "DATABASE_URL": database_url(settings.VAR).replace(f"/{DATABASE}?", f"/{NAME}?"),
        }
        postgres.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def start(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "migrate", "--no-input", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(environment: dict[str, str], *arguments: str) -> None:
    process = start(environment, *arguments)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


def test_killed_before_its_record_is_written_it_runs_again(environment: dict[str, str]) -> None:
    # The next migration makes a table with foreign keys: Django writes its record in another transaction.
    run(environment, "accounts")
    with psycopg.connect(environment["DATABASE_URL"]) as postgres:
        postgres.execute("LOCK TABLE django_migrations IN EXCLUSIVE MODE")
        killed = start(environment, "admin")
        wait_until(lambda: waiting(environment) != [], 60)
        killed.kill()
        killed.communicate()
        # Its session has sent the record already, which a kill a moment earlier would have prevented.
        for pid in waiting(environment):
            postgres.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])

    run(environment, "admin")
    with psycopg.connect(environment["DATABASE_URL"]) as postgres:
        assert postgres.execute("SELECT count(*) FROM django_admin_log").fetchone() == (0,)


def waiting(environment: dict[str, str]) -> list[int]:
    """The sessions of the database that wait for a lock."""
    with psycopg.connect(database_url(settings.VAR)) as postgres:
        rows = postgres.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", [NAME]
        )
        return [pid for (pid,) in rows.fetchall()]
