"""Every route of the house: each room names its own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic.base import RedirectView

from twain_web import health

handler403 = "twain_web.errors.permission_denied"
handler404 = "twain_web.errors.not_found"
handler500 = "twain_web.errors.failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("twain_web.rooms.home.urls")),
    path("", include("twain_web.rooms.people.urls")),
    path("catalogue/", include("twain_web.rooms.feeds.urls")),
    path("audiences/", include("twain_web.rooms.audiences.urls")),
    path("content/", include("twain_web.rooms.content.urls")),
    path("calendar/", include("twain_web.rooms.capacity.urls")),
    path("campaigns/", include("twain_web.rooms.campaigns.urls")),
    path("", include("twain_web.rooms.insights.urls")),
    path("incidents/", include("twain_web.rooms.incidents.urls")),
    path("requests/", include("twain_web.rooms.desk.urls")),
    path("partnership/", include("twain_web.rooms.partnership.urls")),
    path("", include("twain_web.rooms.integrations.urls")),
    path("api/", include("twain_web.api.urls")),
    # Addresses are the administrators': what the OpenID provider vouches for must be what they entered.
    path("account/email/", RedirectView.as_view(pattern_name="people:profile")),
    path("account/", include("allauth.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.metrics),
]
