"""The door of every page: a view says which permission it needs, and a view that says nothing fails the build.

A permission is declared once, by its room, with the roles that have it; an object rule narrows or widens it::

    READ = permission("audiences.read_audience", roles=EVERYBODY)
    EDIT = permission("audiences.edit_audience", roles=MARKETING, rule=is_own | is_shared)

    @needs(EDIT, get=audience_by_id)
    def edit(request, audience): ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import rules
from django.contrib.auth.views import redirect_to_login
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from twain_web.roles import NAMES, Role

View = Callable[..., HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

#: Views of libraries that guard themselves: sign-in pages and the API, whose operations are checked by their own test.
GUARDED_ELSEWHERE = ("allauth.", "ninja.", "whitenoise.", "django.views.i18n", "django.views.generic.base.RedirectView")


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing people may do: ``<room>.<verb>_<noun>``, the roles that have it, and a rule over the object, if any."""

    name: str
    roles: frozenset[Role]
    rule: rules.predicates.Predicate | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.name


#: Every permission of the house by name; filled as the rooms are loaded, read by the matrix of roles.
PERMISSIONS: dict[str, Permission] = {}


def permission(name: str, *, roles: Iterable[Role], rule: rules.predicates.Predicate | None = None) -> Permission:
    """Declare a permission. People have it who have one of the *roles* and, when the object is known, satisfy *rule*."""
    declared = Permission(name, frozenset(roles), rule)
    PERMISSIONS[name] = declared
    allowed = _has_role(declared.roles)
    rules.set_perm(name, allowed & rule if rule is not None else allowed)
    return declared


def may(user: Any, wanted: Permission | str, thing: object = None) -> bool:  # noqa: ANN401 — any kind of user object
    """Whether *user* has the permission, for *thing* when one is given."""
    # Asked of the rules alone: Django's own permissions are not used, and looking there costs two queries a no.
    return bool(user.is_active and rules.has_perm(str(wanted), user, thing))


def refuse_unless(user: Any, wanted: Permission, thing: object = None) -> None:  # noqa: ANN401
    """Raise PermissionDenied, naming who may, unless *user* has the permission."""
    if not may(user, wanted, thing):
        who = ", ".join(sorted(str(NAMES[role]) for role in wanted.roles))
        raise PermissionDenied(f"This is for: {who}.")


def needs(wanted: Permission, *, get: Callable[..., object] | None = None) -> Callable[[View], View]:
    """Guard a view. With *get*, the URL's arguments become the object, which the rule sees and the view receives."""

    def guarded(view: View) -> View:
        @wraps(view)
        def inside(request: HttpRequest, **arguments: object) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if get is None:
                refuse_unless(request.user, wanted)
                return view(request, **arguments)
            if not request.user.role_names & wanted.roles:  # type: ignore[union-attr]
                refuse_unless(request.user, wanted)  # said before anything is looked up: a 404 would tell what exists
            thing = get(**arguments)
            refuse_unless(request.user, wanted, thing)
            return view(request, thing)

        inside.permission = wanted  # type: ignore[attr-defined]
        inside.of_object = get is not None  # type: ignore[attr-defined]
        return inside

    return guarded


def public(view: View) -> View:
    """Mark a view that needs no sign-in: health, errors."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def _has_role(roles: frozenset[Role]) -> rules.predicates.Predicate:
    @rules.predicate(name="+".join(sorted(roles)))
    def holds(user: Any) -> bool:  # noqa: ANN401
        return bool(getattr(user, "role_names", frozenset()) & roles)

    return holds


# ---------------------------------------------------------------- the build's check


def views() -> Iterable[tuple[str, View]]:
    """Every route of the house with its view."""
    return _walk(get_resolver(), "/")


def _walk(resolver: URLResolver, prefix: str) -> Iterable[tuple[str, View]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            yield prefix + str(one.pattern), one.callback
        else:
            yield from _walk(one, prefix + str(one.pattern))


@register()
def every_view_has_a_rule(**_: object) -> list[CheckMessage]:
    """House check E001: a route whose view names no permission."""
    return [
        Error(
            f"{route} has no rule.",
            hint="Guard the view with @needs(PERMISSION), or mark it @public when nobody must sign in for it.",
            id="house.E001",
        )
        for route, view in views()
        if not hasattr(view, "permission") and not _elsewhere(view)
    ]


def _elsewhere(view: View) -> bool:
    cls = getattr(view, "view_class", view)
    path = f"{getattr(cls, '__module__', '')}.{getattr(cls, '__qualname__', '')}"
    return path.startswith(GUARDED_ELSEWHERE)
