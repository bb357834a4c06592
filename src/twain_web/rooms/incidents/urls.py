"""Routes of this room."""

from django.urls import path

from twain_web.rooms.incidents.views import pages

app_name = "incidents"
urlpatterns = [
    path("", pages.listed, name="list"),
    path("<str:slug>/", pages.one, name="incident"),
]
