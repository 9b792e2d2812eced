"""The forms of accounts: log in, make a token."""

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms

from webapp.accounts.models import Scope
from webapp.accounts.services import LONGEST_DAYS

LIFETIMES = [(30, "30 days"), (90, "90 days"), (365, "one year"), (LONGEST_DAYS, "ten years")]


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in {"login": "Username or email", "remember": "Stay logged in"}.items():
            self.fields[name].label = label
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)  # it says what the label says


class TokenForm(forms.Form):
    name = forms.CharField(
        label="What it is for",
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "training cluster", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    days = forms.TypedChoiceField(label="It works for", choices=LIFETIMES, coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"scopes": [Scope.READ, Scope.SUBMIT], "days": 365})
        super().__init__(*args, **kwargs)
