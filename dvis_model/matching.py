"""Matches the queries of two frames: cosine similarity, one-to-one assignment."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# Added to each norm by the official DVIS code, not by MinVIS.
NORM_EPSILON = 1e-6


def match_queries(reference: Tensor, current: Tensor, *, epsilon: float = 0.0) -> Tensor:
    """Return int64 [..., Q]: `current[index]` follows `reference`, with the least sum of cosine distances.

    As in MinVIS (Huang et al., arXiv:2208.02245).

    Args:
        reference, current: [..., Q, C].
        epsilon: added to each vector's length.
    """
    return _assign(_cosine_distance(reference, current, epsilon))


def match_queries_inverted(reference: Tensor, current: Tensor) -> Tensor:
    """Return int64 [..., Q], the inverse of the permutation that `match_queries` returns.

    Official quirk of DVIS version 1: the cost matrix is transposed before the assignment, but its result is
    used as if it were not. The published weights were trained and are evaluated with it.
    """
    return _assign(_cosine_distance(reference, current, NORM_EPSILON).mT)


def _cosine_distance(rows: Tensor, columns: Tensor, epsilon: float) -> Tensor:
    """Return 1 - cosine [..., Q, Q]; 0 where it is not a number."""
    with torch.autocast(rows.device.type, enabled=False):
        rows, columns = rows.float(), columns.float()
        rows = rows / (rows.norm(dim=-1, keepdim=True) + epsilon)
        columns = columns / (columns.norm(dim=-1, keepdim=True) + epsilon)
        return torch.nan_to_num(1 - rows @ columns.mT, nan=0.0)


def _assign(cost: Tensor) -> Tensor:
    """Return the column of each row, int64 [..., Q], of costs [..., Q, Q]."""
    # Here, as loading it takes a quarter as long as torch, and reading a checkpoint needs none of it.
    from scipy.optimize import linear_sum_assignment

    tables = cost.detach().float().cpu().numpy().reshape(-1, *cost.shape[-2:])
    columns = np.stack([linear_sum_assignment(table)[1] for table in tables])
    return torch.from_numpy(columns).to(cost.device).view(cost.shape[:-1])
