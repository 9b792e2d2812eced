from django.urls import path

from webapp.compare import views

app_name = "compare"
urlpatterns = [path("", views.page, name="page")]
