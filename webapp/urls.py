"""Every address of the site. Each app has its own urls.py; the REST API is one router in webapp/api.py."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
