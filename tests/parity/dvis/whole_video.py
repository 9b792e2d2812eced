"""Runs stored cases through `predict`, and keeps what every module gave on the way."""

import re
from dataclasses import fields
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dvis_model import build, predict
from dvis_model.layers import mask_product
from dvis_model.model import Dvis
from dvis_model.outputs import RefinerOutput, SegmenterOutput, TrackerOutput
from tests.parity.dvis import golden, recipe

Output = TypeVar("Output", SegmenterOutput, TrackerOutput)


def joined(outputs: list[Output]) -> Output:
    """Join the outputs of windows."""
    kind = type(outputs[0])
    parts = {field.name: [getattr(output, field.name) for output in outputs] for field in fields(kind)}
    return kind(**{name: None if values[0] is None else torch.cat(values) for name, values in parts.items()})


class Case:
    """A stored run: the model it was made with, its frames, its arrays."""

    def __init__(self, name: str) -> None:
        self.meta, self.stored = golden.load(name)
        self.model: Dvis = golden.fill(build(self.meta["config"].removesuffix(".yaml")))
        video = self.meta["video"].split("'")[1]
        self.frames = recipe.video(video, self.meta["T"], self.meta["H"], self.meta["W"])
        self.out_height, self.out_width = self.meta["output_size"]

    @cached_property
    def run(self) -> "Run":
        """What float32 gives."""
        return Run(self)

    @cached_property
    def exact_run(self) -> "Run":
        """What float64 gives. No decision then depends on the order in which numbers are added up."""
        self.model.double()
        run = Run(self)
        self.model.float()
        return run

    def slices(self, values: Tensor, name: str) -> Tensor:
        """Return the part of our values that was stored."""
        stored = re.match(r"\[(.*?)\]", self.meta["arrays"][name]["stored"])
        if stored is None:
            return values
        classes = 1 if self.meta["num_classes"] <= 41 else 5
        index = [self._slice(part.strip(), classes) for part in stored[1].split(",")]
        return values[tuple(index)]

    @staticmethod
    def _slice(part: str, classes: int) -> slice | int:
        if ":" not in part:
            return int(part)
        bounds = [classes if bound == "c" else int(bound) if bound else None for bound in part.split(":")]
        return slice(*bounds)


class Run:
    """One prediction; arrays have the official names and axes."""

    def __init__(self, case: Case) -> None:
        model = case.model
        seen: dict[str, list[Any]] = {}

        def keep(name: str, module: nn.Module) -> Any:
            def hook(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
                seen.setdefault(name, []).append((inputs, output))

            return module.register_forward_hook(hook)

        parts = {"backbone": model.backbone, "pixel_decoder": model.sem_seg_head.pixel_decoder}
        parts |= {"predictor": model.sem_seg_head.predictor, "tracker": model.tracker}
        if model.refiner is not None:
            parts["refiner"] = model.refiner
        hooks = [keep(name, module) for name, module in parts.items()]
        self.result = predict(
            model, iter(case.frames), height=case.out_height, width=case.out_width, short_side=0
        )
        for hook in hooks:
            hook.remove()
        self.before = self._before(seen)
        self.behind, self.indices = self._behind(model, seen)

    @staticmethod
    def _before(seen: dict[str, list[Any]]) -> dict[str, Tensor]:
        """Return what lies before any threshold."""
        arrays = {"input.normalized_corner": torch.cat([inputs[0] for inputs, _ in seen["backbone"]])}
        for level in range(4):
            features = torch.cat([output[level] for _, output in seen["backbone"]])
            arrays[f"backbone.res{level + 2}"] = features
        arrays["pixel.mask_features"] = torch.cat([output[0] for _, output in seen["pixel_decoder"]])
        for level in range(3):
            memory = torch.cat([output[1][level] for _, output in seen["pixel_decoder"]])
            shape = arrays[f"backbone.res{5 - level}"].shape[-2:]
            arrays[f"pixel.ms{level}"] = memory.transpose(1, 2).unflatten(2, shape)
        return arrays

    @staticmethod
    @torch.no_grad()
    def _behind(model: Dvis, seen: dict[str, list[Any]]) -> tuple[dict[str, Tensor], Tensor]:
        """Return what lies behind the thresholds of the attention masks, and the matching."""
        segmented = joined([output for _, output in seen["predictor"]])
        tracked = joined([output for _, (output, _) in seen["tracker"]])
        features = segmented.mask_features
        mean = tracked.class_logits.mean(dim=0)
        arrays = {
            "seg.pred_logits": segmented.class_logits,
            "seg.pred_masks": mask_product(segmented.mask_embeddings, features).transpose(0, 1),
            "seg.pred_embds": segmented.embeddings.permute(2, 0, 1),
            "trk.pred_logits": tracked.class_logits,
            "trk.pred_masks": mask_product(
                tracked.mask_embeddings, model.tracker.project(features)
            ).transpose(0, 1),
            "trk.pred_embds": tracked.queries.permute(2, 0, 1),
            "post.pred_cls": mean,
        }
        if tracked.references is not None:
            arrays["trk.pred_references"] = tracked.references.permute(2, 0, 1)
        for (_, memory), refined in seen.get("refiner", []):
            assert isinstance(refined, RefinerOutput)
            arrays |= {
                "trk.frame_forward": memory.permute(2, 0, 1),
                "ref.pred_logits": refined.class_logits[None],
                "ref.pred_masks": mask_product(refined.mask_embeddings, features).transpose(0, 1),
                "ref.pred_embds": refined.queries.permute(2, 0, 1),
                "post.aux_pred_cls": mean,
                "post.pred_cls": refined.class_logits,
            }
        return arrays, tracked.indices
