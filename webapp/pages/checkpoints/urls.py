from django.urls import path

from webapp.pages.checkpoints import views

app_name = "checkpoints"
urlpatterns = [
    path("", views.index, name="list"),
    path("upload/", views.new, name="new"),
    path("<uuid:checkpoint_id>/", views.detail, name="detail"),
    path("<uuid:checkpoint_id>/share/", views.share, name="share"),
    path("<uuid:checkpoint_id>/delete/", views.delete, name="delete"),
    path("<uuid:checkpoint_id>/retry/", views.retry, name="retry"),
]
