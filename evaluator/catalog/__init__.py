"""METRICS and BENCHMARKS: the only lists of either. Columns, documentation and API are drawn from them.

All modules here are light (no numpy, no numba): the site imports them at every start.
"""

from evaluator.catalog.benchmarks import (
    BENCHMARKS,
    METRICS,
    VIPSEG_THINGS,
    BenchmarkSpec,
    benchmarks_with,
)
from evaluator.catalog.spec import MetricSpec, Task

__all__ = ["BENCHMARKS", "METRICS", "VIPSEG_THINGS", "BenchmarkSpec", "MetricSpec", "Task", "benchmarks_with"]
