"""Signing up, and the page of one's account: tokens, and the way to address and password."""

from typing import Any

from allauth.account.views import SignupView
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts import services
from webapp.accounts.selectors import tokens_of
from webapp.pages.accounts.forms import TokenForm
from webapp.pages.live import logged_in


class SignUp(SignupView):  # type: ignore[misc]  # allauth has no types
    """The form of allauth, which looks for names and addresses that are taken before it makes an account."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Of several people who ask for the same at once, the database takes one; the others choose again."""
        try:
            with transaction.atomic():
                made: HttpResponse = super().form_valid(form)
                return made
        except IntegrityError:
            form.add_error("username", "Somebody has just taken this name or address, or a name like it.")
            again: HttpResponse = self.form_invalid(form)
            return again


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List tokens and make one. Its text is shown in the answer to the form, and never again."""
    user = logged_in(request)
    form = TokenForm(request.POST or None)
    token, secret, status = None, "", 200
    if request.method == "POST":
        if form.is_valid():
            token, secret = services.token_create(user=user, **form.cleaned_data)
            form = TokenForm()
        else:
            status = 422
    context = {
        "section": "account",
        "form": form,
        "new_token": token,
        "secret": secret,
        "tokens": tokens_of(user),
        "now": timezone.now(),
        "server": request.build_absolute_uri("/").rstrip("/"),
    }
    response = render(request, "accounts/tokens.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    services.token_revoke(token=get_object_or_404(tokens_of(logged_in(request)), pk=token_id))
    return redirect("accounts:tokens")
