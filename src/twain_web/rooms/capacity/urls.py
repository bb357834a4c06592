"""Routes of this room."""

from django.urls import path

from twain_web.rooms.capacity import views

app_name = "capacity"
urlpatterns = [
    path("", views.calendar, name="calendar"),
    path("events.json", views.events, name="events"),
    path("new/", views.new, name="new"),
    path("plans/<int:pk>/", views.plan, name="plan"),
    path("plans/<int:pk>/move/", views.move, name="move"),
    path("plans/<int:pk>/book/", views.book, name="book"),
    path("plans/<int:pk>/link/", views.link, name="link"),
    path("plans/<int:pk>/announce/", views.announce, name="announce"),
    path("plans/<int:pk>/confirm/", views.confirm, name="confirm"),
    path("plans/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("plans/<int:pk>/review/", views.review, name="review"),
    path("plans/<int:pk>/simpler/", views.simpler, name="simpler"),
    path("ways/<int:pk>/adopt/", views.adopt, name="adopt"),
    path("feed/", views.make_feed, name="make_feed"),
    path("feed/<int:pk>/revoke/", views.revoke_feed, name="revoke_feed"),
    path("feed/<str:secret>.ics", views.ics, name="ics"),
]
