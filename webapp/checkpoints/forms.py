"""The forms of checkpoints: upload one, and say who sees it."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from webapp.accounts.models import User
from webapp.checkpoints.models import Checkpoint
from webapp.uploads.kinds import CHECKPOINT
from webapp.uploads.models import Upload

ACCEPTED = ".pth,.pt,.pkl,.safetensors"


class SharingForm(forms.Form):
    """Who sees a checkpoint and may run it."""

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


class CheckpointForm(SharingForm):
    """`upload` names a finished upload of this person; a `file` replaces it."""

    upload = forms.ModelChoiceField(
        Upload.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "This upload has expired. Choose the file again."},
    )
    file = forms.FileField(
        label="Checkpoint",
        required=False,
        allow_empty_file=True,  # told apart from others by the check, in its own words
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["upload"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Upload.objects.filter(
            owner=user, blob__isnull=False, length__lte=CHECKPOINT.limit_bytes
        )
        self.fields["name"].required = False
        self.fields["name"].widget.attrs["placeholder"] = "The name of the file"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("upload") and data.get("file") is None and not self.errors.get("upload"):
            self.add_error("file", "Choose a .pth, .pkl or .safetensors file.")
        return data
