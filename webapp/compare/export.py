"""A comparison as plain JSON types and as comma-separated text; values are fractions in [0, 1]."""

from typing import Any

from webapp.compare.comparison import Against, Compared, Comparison, MetricDifference, PartDifference
from webapp.compare.words import sentence
from webapp.leaderboards.export import csv_text

CSV_HEAD = (
    *("part", "name", "metric", "first", "other", "first_value", "other_value"),
    *("difference", "low", "high", "p"),
)

UNTESTED = (None, None, None)


def to_dict(comparison: Comparison) -> dict[str, Any]:
    """Return everything; a difference is the first submission minus the other one, unknown is None."""
    return {
        "benchmark": comparison.split.benchmark.slug,
        "split": comparison.split.name,
        "primary": comparison.primary.key,
        "headline": list(comparison.headline),
        "resamples": comparison.resamples,
        "submissions": [_submission(one) for one in comparison.compared],
        "comparisons": [_against(comparison, one) for one in comparison.against],
    }


def to_csv(comparison: Comparison) -> str:
    """Return a row for every number: of metrics, categories and videos, of each pair."""
    rows: list[tuple[object, ...]] = [CSV_HEAD]
    for against in comparison.against:
        pair = (against.first.row.submission_id, against.other.row.submission_id)
        for one in against.metrics:
            tested = one.tested
            sureness = (tested.low, tested.high, tested.p) if tested else UNTESTED
            rows.append(("all", "", one.metric.key, *pair, one.first, one.other, one.delta, *sureness))
        for part, members in (("category", against.categories), ("video", against.videos)):
            for member in members:
                for key in _keys(member):
                    numbers = (member.first[key], member.other[key], member.delta(key))
                    rows.append((part, member.name, key, *pair, *numbers, *UNTESTED))
    return csv_text(rows)


def _submission(one: Compared) -> dict[str, Any]:
    row = one.row
    return {
        "id": row.submission_id,
        "method": row.method,
        "variant": row.variant,
        "factors": row.factors,
        "origin": row.origin,
        "public": row.is_public,
        "metrics": row.values,
        "intervals": {key: list(bounds) for key, bounds in row.intervals.items()},
    }


def _against(comparison: Comparison, against: Against) -> dict[str, Any]:
    return {
        "first": against.first.row.submission_id,
        "other": against.other.row.submission_id,
        "sentence": sentence(comparison, against),
        "metrics": {one.metric.key: _metric(one) for one in against.metrics},
        "per_category": {one.name: _deltas(one) for one in against.categories},
        "per_video": {one.key: _deltas(one) for one in against.videos},
    }


def _metric(one: MetricDifference) -> dict[str, Any]:
    tested = one.tested
    return {
        "first": one.first,
        "other": one.other,
        "difference": one.delta,
        "low": tested.low if tested else None,
        "high": tested.high if tested else None,
        "p": tested.p if tested else None,
        "significant": tested.significant if tested else None,
    }


def _deltas(part: PartDifference) -> dict[str, float | None]:
    return {key: part.delta(key) for key in _keys(part)}


def _keys(part: PartDifference) -> list[str]:
    return [key for key in part.first if key in part.other]
