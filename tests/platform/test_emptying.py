"""The tests' database is emptied between tests while the live site's workers go on."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests.support.factories import make_user
from webapp.accounts.models import User
from webapp.embedded import DATABASE, database_url


@pytest.mark.django_db(transaction=True)
def test_a_worker_with_a_lock_on_the_last_table_that_asks_for_the_first_meets_no_deadlock() -> None:
    make_user()
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    address = database_url(settings.VAR).replace(f"/{DATABASE}?", f"/{connection.settings_dict['NAME']}?")
    with psycopg.connect(address) as worker, ThreadPoolExecutor(1) as another:
        worker.execute(f"LOCK TABLE {tables[-1]} IN ROW EXCLUSIVE MODE")

        def go_on() -> None:
            time.sleep(0.3)
            for table in tables:
                worker.execute(f"SELECT 1 FROM {table}")
            worker.commit()

        done = another.submit(go_on)
        call_command("flush", interactive=False, verbosity=0)
        done.result()
    assert not User.objects.exists()
