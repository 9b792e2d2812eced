from django.urls import path

from webapp.pages.methods import views

app_name = "methods"
urlpatterns = [
    path("", views.index, name="list"),
    path("<slug:slug>/", views.detail, name="detail"),
    path("<slug:slug>/edit/", views.edit, name="edit"),
    path("<slug:slug>/ablations/<slug:key>/", views.mark_study, name="mark_study"),
]
