"""The forms of checkpoints: upload one, and say who sees it."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from webapp.checkpoints.models import Checkpoint
from webapp.pages.upload_form import UploadForm
from webapp.uploads.kinds import CHECKPOINT


class SharingForm(forms.Form):
    """The form that says who sees a checkpoint and may run it."""

    name = forms.CharField(label="Name", max_length=100)
    visibility = forms.ChoiceField(
        label="Who may see and run it", choices=Checkpoint.Visibility.choices, widget=forms.RadioSelect
    )
    shared_with = forms.CharField(
        label="Shared with",
        required=False,
        max_length=2000,
        help_text="Usernames, separated by spaces or commas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def clean_shared_with(self) -> list[str]:
        return [name for name in re.split(r"[\s,;]+", self.cleaned_data["shared_with"]) if name]


class CheckpointForm(UploadForm, SharingForm):
    """A file with weights, and who sees it."""

    kind = CHECKPOINT
    file_wanted = "a .pth, .pkl or .safetensors file"
    file_accepts = ".pth,.pt,.pkl,.safetensors"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False
        self.fields["name"].widget.attrs["placeholder"] = "The name of the file"
