from django.urls import path

from webapp.pages.metrics import views

app_name = "metrics"
urlpatterns = [
    path("", views.index, name="list"),
    path("<slug:key>/", views.detail, name="detail"),
]
