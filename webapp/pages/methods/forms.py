"""The form in which owners edit what a method's page says."""

from typing import ClassVar

from django import forms

from webapp.methods.models import Method
from webapp.methods.services import METHOD_FIELDS


class MethodForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    year = forms.IntegerField(label="Year", required=False, min_value=1900, max_value=2100)
    paper_url = forms.URLField(label="Address of the paper", required=False, assume_scheme="https")
    code_url = forms.URLField(label="Address of the code", required=False, assume_scheme="https")

    class Meta:
        model = Method
        fields = ("name", *METHOD_FIELDS)
        help_texts: ClassVar = {
            "description": "An empty line begins a new paragraph.",
            "venue": "Where it was published, such as ICCV 2023.",
            "name": "The address of this page stays the same.",
        }
        widgets: ClassVar = {"description": forms.Textarea(attrs={"rows": 6})}
