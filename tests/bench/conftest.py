"""Where benchmarks hand in what they measured, and where their data lie."""

from collections.abc import Iterator

import pytest

from tests.bench.figures import Figures


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """The rows of this benchmark's section of docs/benchmarks.md, written when its last test is over."""
    module = request.module
    collected = Figures(request.path.stem.removeprefix("bench_"), module.__doc__ or module.__name__)
    yield collected
    collected.write()
