"""The form that starts a run."""

from __future__ import annotations

from typing import Any

from django import forms

from webapp.accounts.models import User
from webapp.benchmarks.models import Split
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.selectors import checkpoints_visible_to
from webapp.checkpoints.zoo import ModelSpec, models, models_for
from webapp.refusal import Refused
from webapp.runs.options import LARGEST_SHORT_SIDE, LONGEST_WINDOW, MODES, PRECISIONS, RunOptions, options_for

MODE_LABELS = {
    "offline": "Offline: segmenter, tracker and refiner",
    "online": "Online: segmenter and tracker",
    "minvis": "MinVIS: segmenter, matched from frame to frame",
}
PRECISION_LABELS = {
    "float32": "float32: exact",
    "float16": "float16: like the published results, faster on a GPU",
    "bfloat16": "bfloat16: less exact, faster on a GPU",
}
AS_CONFIGURED = ("", "As the model is configured")


def _named_after_the_model(label: str, longest: int) -> forms.CharField:
    """A name; where none is given, it is that of the model."""
    widget = forms.TextInput(attrs={"placeholder": "Named after the model"})
    return forms.CharField(label=label, required=False, max_length=longest, widget=widget)


class RunForm(forms.Form):
    """Model, checkpoint and options; what is left empty is as the model's configuration says."""

    model = forms.ChoiceField(label="Model")
    checkpoint = forms.ModelChoiceField(
        Checkpoint.objects.none(), label="Checkpoint", required=False, empty_label="Built-in weights"
    )
    mode = forms.ChoiceField(
        label="Mode", required=False, choices=[AS_CONFIGURED, *((mode, MODE_LABELS[mode]) for mode in MODES)]
    )
    precision = forms.ChoiceField(
        label="Precision", required=False, choices=[(name, PRECISION_LABELS[name]) for name in PRECISIONS]
    )
    short_side = forms.IntegerField(
        label="Short side",
        required=False,
        min_value=0,
        max_value=LARGEST_SHORT_SIDE,
        help_text="Frames are resized to this number of pixels; 0 keeps their size.",
    )
    window = forms.IntegerField(
        label="Window",
        required=False,
        min_value=1,
        max_value=LONGEST_WINDOW,
        help_text="Number of frames segmented together. It changes the memory, not the result.",
    )
    method_name = _named_after_the_model("Name of the method", 100)
    variant_name = _named_after_the_model("Variant", 150)
    note = forms.CharField(label="Note", required=False, max_length=300)
    visibility = forms.ChoiceField(
        label="Who sees the submission",
        choices=[
            ("public", "Everybody, on the leaderboard, once it is scored"),
            ("private", "Only you and the organisers"),
        ],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, data: dict[str, str], *, user: User, split: Split) -> None:
        super().__init__(data)
        self.models = models_for(split)
        names = [spec.name for spec in self.models]
        ready = checkpoints_visible_to(user).filter(weights__isnull=False, configurations__overlap=names)
        field = self.fields["checkpoint"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = ready
        runnable = {name for row in ready.values_list("configurations", flat=True) for name in row}
        self.runnable = [spec for spec in self.models if spec.has_built_in_weights or spec.name in runnable]
        choice = self.fields["model"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(spec.name, _label(spec)) for spec in self.runnable]
        if self.runnable:  # nothing is chosen yet: the smallest
            self.data = {"model": self.runnable[0].name, **data}

    @property
    def spec(self) -> ModelSpec:
        return models()[self.cleaned_data["model"]]

    @property
    def options(self) -> RunOptions:
        """Raises Refused where the model has no such mode."""
        data = self.cleaned_data
        return options_for(
            self.spec,
            mode=data["mode"] or None,
            precision=data["precision"] or None,
            window=data["window"],
            short_side=data["short_side"],
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                _ = self.options
            except Refused as refused:
                self.add_error("mode", f"{refused.message} {refused.hint}")
        return data


def _label(spec: ModelSpec) -> str:
    return f"{spec.name} ({spec.parameters / 1e6:.1f} M parameters)"
