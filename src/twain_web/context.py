"""What every page knows: who is here, where they can go, which workspace this is, whether anything is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from twain_web.access import PERMISSIONS, may


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the navigation."""

    url: str
    title: str
    icon: str
    here: bool


#: (route, title, icon, permission to read it): in the order in which a campaign is made.
_DOORS = (
    ("home", _("Home"), "home", "home.read_home"),
    ("feeds:catalogue", _("Data catalogue"), "database", "feeds.read_catalogue"),
    ("audiences:list", _("Audiences"), "users", "audiences.read_audience"),
    ("content:list", _("Content"), "mail", "content.read_content"),
    ("campaigns:list", _("Campaigns"), "send", "campaigns.read_campaign"),
    ("insights:results", _("Results"), "chart-bar", "insights.read_results"),
    ("insights:customers", _("Customers"), "id", "insights.read_customer"),
    ("people:audit", _("Audit"), "history", "people.read_audit"),
    ("people:list", _("People"), "user", "people.read_people"),
)


def house(request: HttpRequest) -> dict[str, object]:
    """The context of every page."""
    return {
        "workspace_name": settings.TWAIN.name,
        "is_demo": settings.DEMO,
        "production": settings.TWAIN.production,
        "doors": _doors(request) if getattr(request, "user", None) and request.user.is_authenticated else [],
        "csp_nonce": getattr(request, "csp_nonce", ""),
    }


def _doors(request: HttpRequest) -> list[Door]:
    doors = []
    for route, title, icon, wanted in _DOORS:
        if wanted in PERMISSIONS and may(request.user, wanted):
            try:
                url = reverse(route)
            except NoReverseMatch:
                continue
            here = request.path == url or (url != "/" and request.path.startswith(url))
            doors.append(Door(url, str(title), icon, here))
    return doors
