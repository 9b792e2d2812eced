"""The whole model: segmenter, tracker and refiner."""

from __future__ import annotations

from torch import Tensor, nn

from dvis_model.config import DvisConfig
from dvis_model.refiner import TemporalRefiner
from dvis_model.segmenter import SegmentationHead, Segmenter
from dvis_model.tracker import Tracker


class Dvis(Segmenter):
    """DVIS: segment each frame, track its queries, refine the tracks.

    The state dict has the keys and shapes of the official release. `inference` and `predict` run it: a video
    is not a tensor that one forward pass could take.

    Attributes:
        left_out: name prefixes of the entries that a checkpoint may hold for parts that an ablation lacks.
    """

    def __init__(
        self,
        config: DvisConfig,
        *,
        backbone: nn.Module,
        sem_seg_head: SegmentationHead,
        tracker: Tracker,
        refiner: TemporalRefiner | None,
        left_out: tuple[str, ...] = (),
    ) -> None:
        super().__init__(backbone, sem_seg_head, config.num_classes)
        self.config = config
        self.tracker = tracker
        self.refiner = refiner
        self.left_out = left_out

    @property
    def example(self) -> Tensor:
        """Any parameter: its device and type are the model's."""
        return self.sem_seg_head.predictor.query_feat.weight
