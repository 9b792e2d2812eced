"""The part of a form that brings a file: in the form, on its way beside it, or uploaded before by scripts."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from webapp.accounts.models import User
from webapp.uploads.intake import Intake
from webapp.uploads.kinds import UploadKind
from webapp.uploads.models import Upload
from webapp.uploads.services import append_begin, append_finish_short, upload_create, upload_from_file


class UploadForm(forms.Form):
    """`upload` names a finished upload of this person; a `file` replaces it, or the `intake` of a large one.

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
        label="File",
        required=False,
        allow_empty_file=True,  # told apart from others by those who read it, in their own words
        max_length=255,
        widget=forms.FileInput,
    )

    def __init__(self, *args: Any, user: User, intake: Intake | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user, self._intake = user, intake
        finished = Upload.objects.filter(owner=user, blob__isnull=False)
        field = self.fields["upload"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = finished.filter(length__lte=self.kind.limit_bytes)
        self.fields["file"].widget.attrs["accept"] = self.file_accepts

    @property
    def file_missing(self) -> str:
        """What to do where nothing was chosen."""
        return f"Choose {self.file_wanted}."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        brings_none = not data.get("upload") and data.get("file") is None and self._intake is None
        if (
            "upload" in self.errors
        ):  # a hidden field: what is wrong with it is said at the one that people see
            self.add_error("file", self.errors.pop("upload").as_data())
        elif brings_none:
            self.add_error("file", self.file_missing)
        return data

    def received(self) -> Upload | None:
        """The upload that the form names, or one made of the file that came with it. Nothing sent is lost.

        None where the file's bytes are still to come: the intake takes them, and this answer is not sent.
        """
        self.is_valid()
        if self._intake is not None:
            return self._taken_in(self._intake)
        file = self.cleaned_data.get("file")
        if file is not None:
            return upload_from_file(owner=self._user, file=file, kind=self.kind)
        upload: Upload | None = self.cleaned_data.get("upload")
        return upload

    def _taken_in(self, intake: Intake) -> Upload | None:
        if intake.appending is not None:
            return append_finish_short(appending=intake.appending)
        upload = upload_create(
            owner=self._user, filename=intake.filename, length=intake.length, kind=self.kind
        )
        intake.appending = append_begin(upload=upload, offset=0)
        return None
