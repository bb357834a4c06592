"""Routes of this room."""

from django.urls import path

from twain_web.rooms.people import views

app_name = "people"
urlpatterns = [
    path("people/", views.list_people, name="list"),
    path("people/me/", views.profile, name="profile"),
    path("audit/", views.audit, name="audit"),
]
