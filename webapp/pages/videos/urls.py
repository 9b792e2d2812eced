from django.urls import path

from webapp.pages.videos import stores

app_name = "videos"
urlpatterns = [
    path("<slug:slug>/masks/<str:digest>", stores.masks, name="masks"),
    path("<slug:slug>/events/<str:digest>", stores.events, name="events"),
]
