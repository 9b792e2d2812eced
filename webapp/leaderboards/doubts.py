"""What to be careful about with printed numbers, in sentences for readers. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

# Flags of webapp/data: the number itself may be wrong, or mean something else.
DOUBTS = {
    "columns_untangled": "The columns of this table ran together where it was read, and were told apart "
    "again by hand: check {where}.",
    "table_text_damaged": "Parts of this table could not be read, so numbers are missing: check {where}.",
    "suspect_value": "One of these values is unlikely, or other papers print another one: check {where}.",
    "metric_scope_unclear": "The source does not say whether its AP is that of all videos or of the long "
    "videos: check {where}.",
    "vpq_definition_differs": "The source averages VPQ over other windows than this board, so its VPQ has a "
    "column of its own and no rank here.",
}
# The number is right as printed; what it belongs to is partly a conclusion, or something to know.
REMARKS = {
    "mode_inferred": "Whether it ran online or offline is not printed; it was concluded from the context.",
    "backbone_inferred": "The backbone is not printed; it was concluded from the context.",
    "reproduced_value": "The authors mark this value as one that they reproduced.",
    "reduced_training_data": "It was trained on a part of the training data.",
    "open_vocabulary": "An open-vocabulary method: it knows the categories by their names.",
    "zero_shot": "It was not trained on this benchmark.",
}


def doubts(source: Mapping[str, Any]) -> list[str]:
    """Return why the printed numbers of a row may be wrong; empty where nothing is known against them."""
    return _sentences(DOUBTS, source.get("flags") or (), source)


def remarks(source: Mapping[str, Any]) -> list[str]:
    """Return what else a reader of these numbers should know."""
    flags = source.get("flags") or ()
    known = _sentences(REMARKS, flags, source)
    unknown = [flag for flag in flags if flag not in DOUBTS and flag not in REMARKS]
    return [*known, *(f"{str(flag).replace('_', ' ').capitalize()}." for flag in unknown)]


def _sentences(texts: Mapping[str, str], flags: Iterable[str], source: Mapping[str, Any]) -> list[str]:
    where = str(source.get("table") or "the source")
    return [texts[flag].format(where=where) for flag in flags if flag in texts]
