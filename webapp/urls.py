"""Every address of the site. Each app has its own urls.py; the REST API is one router in webapp/api.py."""

from django.contrib import admin
from django.urls import include, path

from webapp import views
from webapp.api import api

urlpatterns = [
    path("", views.home, name="home"),
    path("submit/", views.submit, name="submit"),
    path("benchmarks/", include("webapp.benchmarks.urls")),
    path("methods/", include("webapp.methods.urls")),
    path("", include("webapp.submissions.urls")),
    path("", include("webapp.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
]
