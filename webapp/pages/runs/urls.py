from django.urls import path

from webapp.pages.runs import views

app_name = "runs"
urlpatterns = [
    path("benchmarks/<slug:slug>/run/", views.new, name="new"),
    path("runs/", views.mine, name="mine"),
    path("runs/<uuid:run_id>/", views.detail, name="detail"),
    path("runs/<uuid:run_id>/cancel/", views.cancel, name="cancel"),
    path("runs/<uuid:run_id>/retry/", views.retry, name="retry"),
]
