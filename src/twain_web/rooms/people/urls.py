"""Routes of this room."""

from django.urls import path

from twain_web.rooms.people import audit_views, own_views, views

app_name = "people"
urlpatterns = [
    path("people/", views.list_people, name="list"),
    path("people/new/", views.enter, name="enter"),
    path("people/me/", own_views.profile, name="profile"),
    path("people/me/tokens/", own_views.own_tokens, name="tokens"),
    path("people/me/tokens/<slug:prefix>/revoke/", own_views.revoke_token, name="revoke_token"),
    path("people/<str:username>/", views.person_page, name="person"),
    path("people/<str:username>/change/", views.change, name="change"),
    path("people/<str:username>/deactivate/", views.deactivate, name="deactivate"),
    path("people/<str:username>/activate/", views.activate, name="activate"),
    path("people/<str:username>/link/", views.password_link, name="link"),
    path("audit/", audit_views.audit, name="audit"),
    path("audit/walk/", audit_views.walk, name="audit_walk"),
    path("audit/export.csv", audit_views.export, name="audit_export"),
]
