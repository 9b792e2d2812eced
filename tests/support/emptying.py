"""Emptying the tests' database while other processes may still work on it."""

import time
from collections.abc import Iterable

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

WAIT_S = 30.0


def empty(statements: Iterable[str]) -> None:
    """Run Django's statements that empty the database, as soon as nobody else uses any table.

    TRUNCATE locks one table after the other. A process of the live site that has a lock on the last table
    and asks for the first would wait for it for ever, and it for that process: PostgreSQL ends one of the
    two. Here all locks are taken at once or none is: nothing is held while anything is waited for.
    """
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = ", ".join(map(connection.ops.quote_name, tables))
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE NOWAIT")
                for statement in statements:
                    cursor.execute(statement)
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)
