"""The segmenter, Mask2Former applied to each frame on its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dvis_model.masked_decoder import MaskedDecoder
from dvis_model.outputs import SegmenterOutput
from dvis_model.pixel_decoder import PixelDecoder

NO_OBJECT_WEIGHT = 0.1


class SegmentationHead(nn.Module):
    """Pixel decoder and masked decoder, under the names of the official release."""

    def __init__(self, pixel_decoder: PixelDecoder, predictor: MaskedDecoder) -> None:
        super().__init__()
        self.pixel_decoder = pixel_decoder
        self.predictor = predictor


class ClassWeights(nn.Module):
    """The loss's class weights: constants, but every official checkpoint carries them."""

    empty_weight: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        weights = torch.ones(num_classes + 1)
        weights[-1] = NO_OBJECT_WEIGHT
        self.register_buffer("empty_weight", weights)


class Segmenter(nn.Module):
    """Frames -> queries with class and mask."""

    def __init__(self, backbone: nn.Module, sem_seg_head: SegmentationHead, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.sem_seg_head = sem_seg_head
        self.criterion = ClassWeights(num_classes)

    def segment(self, frames: Tensor) -> SegmenterOutput:
        """Segment frames [T, 3, H, W], normalised and padded to a multiple of 32."""
        features = self.backbone(frames)
        mask_features, memories = self.sem_seg_head.pixel_decoder(features)
        shapes = [(x.shape[-2], x.shape[-1]) for x in reversed(features[1:])]
        segmented: SegmenterOutput = self.sem_seg_head.predictor(memories, shapes, mask_features)
        return segmented
