"""Logits -> results of the three tasks. Pure: what comes out depends on the arguments alone."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from dvis_model.inference import MaskWindows
from dvis_model.outputs import Segment, VideoInstances, VideoPanoptic, VideoSemantic
from dvis_model.preprocess import FrameSizes
from dvis_model.spool import ResultArray


def class_scores(logits: Tensor, online_logits: Tensor | None) -> Tensor:
    """Return probabilities [Q, K + 1]; where the tracker is surer of a class than the refiner, the tracker's.

    That of "no object" stays the refiner's: rows need not sum to one.

    Args:
        logits: [Q, K + 1].
        online_logits: [Q, K + 1], the tracker's, or None without a refiner.
    """
    scores = logits.softmax(dim=-1)
    if online_logits is None:
        return scores
    online = online_logits.softmax(dim=-1)
    return torch.cat([torch.maximum(scores, online)[:, :-1], scores[:, -1:]], dim=-1)


def to_instances(scores: Tensor, masks: MaskWindows, sizes: FrameSizes, *, max_num: int) -> VideoInstances:
    """Return the `max_num` best pairs of query and class, best first. `scores` [Q, K + 1]."""
    num_classes = scores.shape[1] - 1
    best, index = scores[:, :-1].flatten().topk(min(max_num, len(scores) * num_classes))
    query_ids = index // num_classes
    chosen, row = query_ids.unique(return_inverse=True)
    result = ResultArray((len(best), masks.num_frames, *sizes.output), bool)
    for start, logits in _frames(masks, chosen):
        frame = _output_size(_image_part(logits, sizes), sizes) > 0
        result.array[:, start] = frame[row].cpu().numpy()
        result.release()
    return VideoInstances(
        scores=best.float().cpu().numpy(),
        labels=(index % num_classes).cpu().numpy(),
        query_ids=query_ids.cpu().numpy(),
        masks=result.array,
    )


def to_panoptic(
    scores: Tensor,
    masks: MaskWindows,
    sizes: FrameSizes,
    *,
    num_things: int,
    object_mask_threshold: float,
    overlap_threshold: float,
) -> VideoPanoptic:
    """Return one segment per pixel: that of the query with the highest product of score and mask.

    Args:
        scores: [Q, K + 1].
        num_things: classes below are things; of the others, all queries of a class are one segment.
        object_mask_threshold: least score of a query.
        overlap_threshold: least ratio of the pixels a query won to the pixels of its mask.
    """
    score, label = scores.max(dim=1)
    kept = torch.nonzero((label < scores.shape[1] - 1) & (score > object_mask_threshold))[:, 0]
    result = ResultArray((masks.num_frames, *sizes.output), "int32")
    if not len(kept):
        return VideoPanoptic(ids=result.array, segments=[])
    # Pixels of the whole video: won, of the mask, and both.
    won, own, both = torch.zeros(3, len(kept), dtype=torch.int64, device=scores.device)
    for start, logits in _frames(masks, kept):
        mask = _mask_probabilities(logits, sizes)
        winner = (score[kept][:, None, None] * mask).argmax(dim=0)
        inside = mask.gather(0, winner[None])[0] >= 0.5
        won += winner.flatten().bincount(minlength=len(kept))
        own += (mask >= 0.5).sum(dim=(1, 2))
        both += winner[inside].bincount(minlength=len(kept))
        result.array[start] = torch.where(inside, winner + 1, 0).cpu().numpy()
        result.release()
    accepted = (own > 0) & (both > 0) & (won / own >= overlap_threshold)
    ids, segments = _segments(label[kept].tolist(), accepted.tolist(), num_things)
    table = torch.tensor([0, *ids], dtype=torch.int32).numpy()
    for frame in result.array:
        frame[...] = table[frame]
        result.release()
    return VideoPanoptic(ids=result.array, segments=segments)


def _segments(labels: list[int], accepted: list[bool], num_things: int) -> tuple[list[int], list[Segment]]:
    """Return each query's segment id, 0 for none, and the segments."""
    ids, segments, stuff = [], list[Segment](), dict[int, int]()
    for label, is_accepted in zip(labels, accepted, strict=True):
        if not is_accepted:
            ids.append(0)
        elif label in stuff:
            ids.append(stuff[label])
        else:
            is_thing = label < num_things
            segments.append({"id": len(segments) + 1, "category_id": label, "isthing": is_thing})
            ids.append(len(segments))
            if not is_thing:
                stuff[label] = len(segments)
    return ids, segments


def to_semantic(scores: Tensor, masks: MaskWindows, sizes: FrameSizes) -> VideoSemantic:
    """Return the class of each pixel: the largest sum over queries of score [Q, K + 1] times mask."""
    result = ResultArray((masks.num_frames, *sizes.output), "uint8")
    weights = scores[:, :-1].T.contiguous()
    for start, logits in _frames(masks, torch.arange(len(scores), device=scores.device)):
        mask = _mask_probabilities(logits, sizes).flatten(1)
        labels = torch.cat([(weights @ part).argmax(dim=0) for part in mask.split(2**17, dim=1)])
        result.array[start] = labels.view(sizes.output).cpu().numpy()
        result.release()
    return VideoSemantic(labels=result.array)


def _frames(masks: MaskWindows, query_ids: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield each frame's number and mask logits [N, h, w]: at full size, one frame at a time is enough."""
    number = 0
    for window in masks(query_ids):
        for frame in window.float().unbind(1):
            yield number, frame
            number += 1


def _mask_probabilities(logits: Tensor, sizes: FrameSizes) -> Tensor:
    """Return [N, H, W] in [0, 1]. Official quirk: the sigmoid lies between the two resizes."""
    return _output_size(_image_part(logits, sizes).sigmoid(), sizes)


def _image_part(logits: Tensor, sizes: FrameSizes) -> Tensor:
    """Return logits [N, h, w] at the network's size, without the padding."""
    height, width = sizes.image
    return _resized(logits, sizes.padded)[:, :height, :width]


def _output_size(values: Tensor, sizes: FrameSizes) -> Tensor:
    return values if sizes.output == sizes.image else _resized(values, sizes.output)


def _resized(values: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values[None], size, mode="bilinear", align_corners=False)[0]
