from django.urls import path

from webapp.pages.accounts import views

app_name = "accounts"
urlpatterns = [
    path("accounts/signup/", views.SignUp.as_view(), name="sign_up"),
    path("accounts/tokens/", views.tokens, name="tokens"),
    path("accounts/tokens/<int:token_id>/revoke/", views.token_revoke, name="token_revoke"),
]
