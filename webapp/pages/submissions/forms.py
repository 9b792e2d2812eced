"""The form of the submit page: with a plain file field, or with a file that scripts have uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from webapp.accounts.models import User
from webapp.methods.factors import WORDS
from webapp.methods.models import Method, Variant
from webapp.pages.upload_form import UploadForm
from webapp.submissions.costs import DEVICE_CHARACTERS, STATED
from webapp.uploads.intake import Intake
from webapp.uploads.kinds import PREDICTIONS

# What to choose, and the endings that the browser offers.
COST_FIELDS = (*STATED, "fps_device")
RESULTS = ("a results.json, or a zip archive that holds one", ".json,.zip")
MAPS = ("a zip archive with the maps", ".zip")


class CostFields(forms.Form):
    """What an author states of the cost; `submissions.costs` has the rules."""

    cost_params_m = forms.FloatField(label="Parameters, in millions", required=False)
    cost_gmacs = forms.FloatField(label="GMACs per frame", required=False)
    cost_fps = forms.FloatField(label="Frames per second", required=False)
    cost_fps_device = forms.CharField(label="On which device", required=False, max_length=DEVICE_CHARACTERS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in COST_FIELDS:
            attrs = {"inputmode": "decimal"} if name != "fps_device" else {"placeholder": "RTX 4090"}
            self.fields[f"cost_{name}"].widget = forms.TextInput(attrs={**attrs, "autocomplete": "off"})

    def cost_fields(self) -> Iterator[BoundField]:
        return (self[f"cost_{name}"] for name in COST_FIELDS)

    def cost_given(self) -> bool:
        """Return whether any was typed, so that the page shows them again."""
        return any(field.value() for field in self.cost_fields())

    @property
    def cost(self) -> dict[str, Any]:
        """Return the filled-in fields."""
        return {name: value for name in COST_FIELDS if (value := self.cleaned_data.get(f"cost_{name}"))}


class SubmitForm(CostFields, UploadForm):
    """The predictions, their variant, and who sees them.

    Without a `variant` of theirs, one is made from the names and factors.
    """

    kind = PREDICTIONS
    method_missing = "Name the method, or choose one of yours."
    variant = forms.ModelChoiceField(
        Variant.objects.none(),
        label="Method",
        required=False,
        empty_label="A new method or variant",
    )
    method_name = forms.CharField(label="Name of the method", required=False, max_length=100)
    variant_name = forms.CharField(
        label="Variant",
        required=False,
        max_length=150,
        help_text="One configuration of the method. The leaderboard ranks variants.",
        widget=forms.TextInput(attrs={"placeholder": "default", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=300,
        help_text="For example the checkpoint, the commit or what changed. Everybody who sees the submission "
        "can read it.",
    )
    visibility = forms.ChoiceField(
        label="Who sees it",
        choices=[
            ("public", "Everybody, on the leaderboard, once it is scored"),
            ("private", "Only you and the organisers"),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, user: User, intake: Intake | None, has_maps: bool = False, **kwargs: Any
    ) -> None:
        self.file_wanted, self.file_accepts = MAPS if has_maps else RESULTS
        super().__init__(*args, user=user, intake=intake, **kwargs)
        own = Variant.objects.filter(method__owner=user).select_related("method")
        field = self.fields["variant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = own
        self.own_methods = list(Method.objects.filter(owner=user).values_list("name", flat=True))
        for name, label in Variant.FACTORS.items():
            self.fields[f"factor_{name}"] = forms.CharField(
                label=label,
                required=False,
                max_length=100,
                widget=forms.TextInput(
                    attrs={
                        "placeholder": next(iter(WORDS[name])),
                        "list": f"words-{name}",
                        "autocomplete": "off",
                    }
                ),
            )

    def factor_fields(self) -> Iterator[BoundField]:
        return (self[f"factor_{name}"] for name in Variant.FACTORS)

    @property
    def vocabulary(self) -> list[tuple[str, list[str]]]:
        """The words that each factor's field suggests while somebody types."""
        return [(factor, list(words)) for factor, words in WORDS.items()]

    def factors_given(self) -> bool:
        """Return whether any was typed, so that the page shows them again."""
        return any(field.value() for field in self.factor_fields())

    @property
    def factors(self) -> dict[str, str]:
        """Return the filled-in fields."""
        texts = {name: self.cleaned_data[f"factor_{name}"] for name in Variant.FACTORS}
        return {name: text for name, text in texts.items() if text}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("variant") and not data.get("method_name") and not self.errors.get("variant"):
            self.add_error("method_name", self.method_missing)
        return data
