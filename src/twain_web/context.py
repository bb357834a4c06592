"""What every page knows: who is here, where they can go, which workspace this is, whether anything is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from twain.errors import TwainError
from twain_web import engine
from twain_web.access import PERMISSIONS, may


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the navigation."""

    url: str
    title: str
    icon: str
    here: bool


@dataclass(frozen=True, slots=True)
class Thrown:
    """A red switch that is thrown, in words."""

    what: str
    why: str
    who: str
    at: float


#: (route, title, icon, permission to read it): in the order in which a campaign is made.
_DOORS = (
    ("home", _("Home"), "home", "home.read_home"),
    ("feeds:catalogue", _("Data catalogue"), "database", "feeds.read_catalogue"),
    ("audiences:list", _("Audiences"), "users", "audiences.read_audience"),
    ("content:list", _("Content"), "mail", "content.read_content"),
    ("campaigns:list", _("Campaigns"), "send", "campaigns.read_campaign"),
    ("capacity:calendar", _("Calendar"), "calendar", "capacity.read_calendar"),
    ("insights:results", _("Results"), "chart-bar", "insights.read_results"),
    ("insights:customers", _("Customers"), "id", "insights.read_customer"),
    ("insights:leads", _("Leads"), "list-check", "insights.read_leads"),
    ("integrations:domains", _("Sender domains"), "world", "integrations.read_domains"),
    ("integrations:endpoints", _("Webhooks"), "plug", "integrations.read_endpoints"),
    ("incidents:list", _("Incidents"), "alert-circle", "incidents.read_incidents"),
    ("desk:list", _("Requests"), "messages", "desk.read_requests"),
    ("partnership:numbers", _("Partnership"), "arrows-left-right", "partnership.read_partnership"),
    ("people:audit", _("Audit"), "history", "people.read_audit"),
    ("people:list", _("People"), "user", "people.read_people"),
)


def house(request: HttpRequest) -> dict[str, object]:
    """The context of every page."""
    return {
        "workspace_name": settings.TWAIN.name,
        "is_demo": settings.DEMO,
        "production": settings.TWAIN.production,
        "doors": _doors(request) if _signed_in(request) else [],
        "stops": _stops() if _signed_in(request) else [],
        "csp_nonce": getattr(request, "csp_nonce", ""),
    }


def _signed_in(request: HttpRequest) -> bool:
    return bool(getattr(request, "user", None) and request.user.is_authenticated)


def _stops() -> list[Thrown]:
    """The red switches that are thrown: every page says so. A ledger out of reach is said by the page that needs it."""
    try:
        stops = engine.ledger().stops()
    except TwainError:
        return []
    people = get_user_model().objects.filter(username__in=[stop.person for stop in stops]) if stops else []
    names = {person.get_username(): str(person) for person in people}
    return [Thrown(_in_words(s.scope), s.why, names.get(s.person, s.person), s.at) for s in stops]


def _in_words(scope: str) -> str:
    kind, _colon, name = scope.partition(":")
    words = {"channel": _("Sends by %s are stopped."), "source": _("Reads from the database %s are stopped.")}
    return str(words[kind]) % name if kind in words else str(_("All sends are stopped."))


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
