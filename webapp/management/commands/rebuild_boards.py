"""`manage.py rebuild_boards`: make the leaderboards again from submissions and scores."""

import os
from typing import Any

from django.core.management.base import BaseCommand

from evaluator.files.words import counted
from webapp.leaderboards.services import boards_rebuild
from webapp.methods.services import methods_complete


class Command(BaseCommand):
    help = (
        "Make the rows, numbers and ranks of all leaderboards from nothing but submissions and scores, and "
        "complete the colours and factors of methods. Needed after rows were inserted by other means than "
        "the site's own; boards stay readable meanwhile."
    )

    def handle(self, **options: Any) -> None:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more would only wait for one another
        from webapp.leaderboards.ranks import boards_rank  # it loads numpy: for this command alone

        for said in methods_complete():
            self.stdout.write(said)
        boards_rebuild()
        self.stdout.write(f"{counted(boards_rank(wait=True), 'column')} of leaderboards ranked.")
