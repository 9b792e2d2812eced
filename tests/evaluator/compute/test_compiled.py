"""Compilation without a place for the cache."""

import pytest
from numba.core.caching import CacheImpl

from evaluator.compute.compiled import compiled


def test_functions_compile_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    # As where neither the package's folder nor the user's can be written; root can write everywhere.
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])

    @compiled("int64(int64)")
    def twice(number: int) -> int:
        return 2 * number

    assert twice(21) == 42
