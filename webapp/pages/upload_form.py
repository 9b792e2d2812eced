"""The part of a form that brings a file: in the form itself, or uploaded before by scripts."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from webapp.accounts.models import User
from webapp.uploads.kinds import UploadKind
from webapp.uploads.models import Upload
from webapp.uploads.services import upload_from_file


class UploadForm(forms.Form):
    """`upload` names a finished upload of this person; a `file` replaces it.

    Attributes:
        kind: of the file.
        file_wanted: what to choose, in words.
        file_accepts: endings that the browser offers.
    """

    kind: ClassVar[UploadKind]
    file_wanted: str
    file_accepts: str

    upload = forms.ModelChoiceField(
        Upload.objects.none(),
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "This upload has expired. Choose the file again."},
    )
    file = forms.FileField(
        required=False,
        allow_empty_file=True,  # told apart from others by those who read it, in their own words
        max_length=255,
        widget=forms.FileInput,
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        finished = Upload.objects.filter(owner=user, blob__isnull=False)
        field = self.fields["upload"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = finished.filter(length__lte=self.kind.limit_bytes)
        self.fields["file"].widget.attrs["accept"] = self.file_accepts

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("upload") and data.get("file") is None and not self.errors.get("upload"):
            self.add_error("file", f"Choose {self.file_wanted}.")
        return data

    def received(self) -> Upload | None:
        """The upload that the form names, or one made of the file that came with it. Nothing sent is lost."""
        self.is_valid()
        file = self.cleaned_data.get("file")
        if file is not None:
            return upload_from_file(owner=self._user, file=file, kind=self.kind)
        upload: Upload | None = self.cleaned_data.get("upload")
        return upload
