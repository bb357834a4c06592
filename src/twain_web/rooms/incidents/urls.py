"""Routes of this room."""

from django.urls import path

from twain_web.rooms.incidents.views import mailed, pages

app_name = "incidents"
urlpatterns = [
    path("", pages.listed, name="list"),
    path("answer/<str:token>/", mailed.answer, name="mail-answer"),
    path("<str:slug>/", pages.one, name="incident"),
    path("<str:slug>/seen/", pages.seen, name="seen"),
    path("<str:slug>/look/", pages.look, name="look"),
    path("<str:slug>/expected/", pages.expected, name="expected"),
    path("<str:slug>/patch/", pages.patch, name="patch"),
]
