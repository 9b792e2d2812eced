"""Stores of masks without an evaluator: each holds bytes that no other has."""

import itertools

from evaluator import __version__
from webapp.playback import files
from webapp.playback.attempts import mask_store_claim, mask_store_finish
from webapp.playback.models import MaskStore

VIDEO = {"id": 1, "name": "clip", "length": 40, "height": 4, "width": 6}
OFFSETS = (8, 20, 50, 90)
_numbers = itertools.count(1)


def make_waiting_stores(*, size: int = 90) -> list[MaskStore]:
    """Do what a worker does with all stores that are asked for; return them in that order."""
    made = []
    while taken := mask_store_claim(worker="worker@test"):
        with files.draft() as path:
            text = f"{taken.kind} {next(_numbers)} "
            path.write_bytes((text * size).encode()[:size])
            digest = files.keep(path)
        index = {"videos": {"1": list(OFFSETS)}, "size": size}
        assert mask_store_finish(
            token=taken.token, evaluator=__version__, digest=digest, size=size, index=index
        )
        made.append(MaskStore.objects.get(digest=digest))
    return made
