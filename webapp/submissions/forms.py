"""The form of the submit page: with a plain file field, or with a file that scripts have uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from webapp.accounts.models import User
from webapp.methods.models import Method, Variant
from webapp.uploads.kinds import PREDICTIONS
from webapp.uploads.models import Upload

# What each factor is, by an example; the field's names come from Variant.FACTORS.
FACTOR_EXAMPLES = {
    "segmenter": "Mask2Former",
    "tracker": "referring tracker",
    "refiner": "temporal refiner",
    "backbone": "R50",
    "mode": "offline",
    "resolution": "720p",
    "extra_data": "none",
}
FILE_WANTED = "a results.json, or a zip archive that holds one"


class SubmitForm(forms.Form):
    """Which predictions, of which variant, seen by whom.

    `upload` names a finished upload of this person; a `file` replaces it. Without a `variant` of theirs,
    one is made from the names and factors.
    """

    upload = forms.ModelChoiceField(
        Upload.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "This upload has expired. Choose the file again."},
    )
    file = forms.FileField(
        label="Predictions",
        required=False,
        allow_empty_file=True,  # told apart from others by the evaluator, in its own words
        max_length=255,
        widget=forms.FileInput,
    )
    variant = forms.ModelChoiceField(
        Variant.objects.none(),
        label="Method",
        required=False,
        empty_label="A new method or variant",
    )
    method_name = forms.CharField(label="Name of the method", required=False, max_length=100)
    variant_name = forms.CharField(label="Variant", required=False, max_length=150)
    note = forms.CharField(label="Note", required=False, max_length=300)
    visibility = forms.ChoiceField(
        label="Who sees it",
        choices=[
            ("public", "Everybody, on the leaderboard, once it is scored"),
            ("private", "Only you and the organisers"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, user: User, has_maps: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_maps = has_maps
        self.fields["file"].widget.attrs["accept"] = ".zip" if has_maps else ".json,.zip"
        self._field("upload").queryset = Upload.objects.filter(
            owner=user, blob__isnull=False, length__lte=PREDICTIONS.limit_bytes
        )
        own = Variant.objects.filter(method__owner=user).select_related("method")
        self._field("variant").queryset = own
        self.own_methods = list(Method.objects.filter(owner=user).values_list("name", flat=True))
        for name, label in Variant.FACTORS.items():
            self.fields[f"factor_{name}"] = forms.CharField(
                label=label,
                required=False,
                max_length=100,
                widget=forms.TextInput(attrs={"placeholder": FACTOR_EXAMPLES[name]}),
            )

    def factor_fields(self) -> Iterator[BoundField]:
        return (self[f"factor_{name}"] for name in Variant.FACTORS)

    def factors_given(self) -> bool:
        """Whether any was typed, so that the page shows them again."""
        return any(field.value() for field in self.factor_fields())

    @property
    def factors(self) -> dict[str, str]:
        """What was filled in."""
        texts = {name: self.cleaned_data[f"factor_{name}"] for name in Variant.FACTORS}
        return {name: text for name, text in texts.items() if text}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("upload") and data.get("file") is None and not self.errors.get("upload"):
            wanted = "a zip archive with the maps" if self._has_maps else FILE_WANTED
            self.add_error("file", f"Choose {wanted}.")
        if not data.get("variant") and not data.get("method_name") and not self.errors.get("variant"):
            self.add_error("method_name", "Name the method, or choose one of yours above.")
        return data

    def _field(self, name: str) -> forms.ModelChoiceField[Any]:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field
