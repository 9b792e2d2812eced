"""Rows of ablation tables that earlier versions loaded as results of their own.

They were numbers of one table, not results to rank: `webapp.ablations` shows the tables as a whole. A site
that has such rows loses them at its next start; who follows a link to one is led to its table.
"""

from webapp.published.rows import submission_id

# The table -> the number of its rows.
_ROWS = {"dvis_tracker_initial_value": 4, "dvis_cross_attention_type": 2, "dvis_refiner_block": 4}
BENCHMARK = "ovis"
METHOD = "dvis"

RETIRED = {
    submission_id(f"{table}-{number}"): table
    for table, rows in _ROWS.items()
    for number in range(1, rows + 1)
}
"""The ids of their submissions, each with the key of its table."""
