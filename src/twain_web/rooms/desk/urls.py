"""Routes of this room."""

from django.urls import path

from twain_web.rooms.desk.views import asking, following, mailed

app_name = "desk"
urlpatterns = [
    path("", following.requests, name="list"),
    path("ask/", asking.ask_page, name="ask"),
    path("ask/answers/", asking.answers, name="answers"),
    path("ask/form/", asking.form_part, name="form"),
    path("ask/available/", asking.available, name="available"),
    path("procedures/", following.procedures, name="procedures"),
    path("answer/<str:token>/", mailed.answer, name="mail-answer"),
    path("still-right/<str:token>/", mailed.still_right, name="still-right"),
    path("<str:slug>/", following.one, name="request"),
    path("<str:slug>/patch/", following.patch, name="patch"),
    path("<str:slug>/look/", following.look, name="look"),
    path("<str:slug>/name/", following.name, name="name"),
    path("<str:slug>/answer/<str:verb>/", following.answer_it, name="answer"),
    path("<str:slug>/follow/<str:verb>/", following.follow_up, name="follow"),
]
