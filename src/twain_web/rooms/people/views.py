"""Pages about people: the directory, somebody's page, what administrators do there."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from twain_web.access import may, needs
from twain_web.roles import Role
from twain_web.rooms.people import actions, reads
from twain_web.rooms.people.forms import Enter, Place
from twain_web.rooms.people.models import Person
from twain_web.rooms.people.permissions import EDIT_PEOPLE, READ_PEOPLE


def somebody(username: str) -> Person:
    """A person by user name; 404 for one that nobody entered."""
    person = reads.person_by_name(username)
    if person is None:
        raise Http404
    return person


@needs(READ_PEOPLE)
def list_people(request: HttpRequest) -> HttpResponse:
    """The directory: everybody by full name and title."""
    words = request.GET.get("q", "").strip()[:100]
    people = reads.found_people(words)
    if not may(request.user, EDIT_PEOPLE):
        people = people.filter(is_active=True)
    return render(request, "people/list.html", {"people": people, "words": words, "teams": reads.teams()})


@needs(READ_PEOPLE, get=somebody)
def person_page(request: HttpRequest, person: Person) -> HttpResponse:
    """Somebody: how they are named, when they work, who answers for them; for administrators, what may be changed."""
    return _person_page(request, person, _place_of(person))


@needs(EDIT_PEOPLE)
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """Enter somebody, then show the link by which they set their password."""
    form = Enter(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        roles = [Role(name) for name in told.pop("roles")]
        person = actions.enter_person(by=request.user, roles=roles, **told)
        return _with_link(request, person)
    return render(request, "people/enter.html", {"form": form}, status=422 if form.errors else 200)


@needs(EDIT_PEOPLE, get=somebody)
@require_POST
def change(request: HttpRequest, person: Person) -> HttpResponse:
    """Somebody's title, team and roles."""
    form = Place(request.POST)
    if not form.is_valid():
        return _person_page(request, person, form, status=422)
    told = form.cleaned_data
    actions.set_roles(by=request.user, person=person, roles=[Role(name) for name in told["roles"]])
    actions.place_person(by=request.user, person=person, title=told["title"], team=told["team"])
    messages.success(request, _("%(name)s has been changed.") % {"name": person.full_name})
    return redirect("people:person", person.username)


@needs(EDIT_PEOPLE, get=somebody)
@require_POST
def deactivate(request: HttpRequest, person: Person) -> HttpResponse:
    """Let somebody in no more."""
    actions.deactivate_person(by=request.user, person=person)
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": person.full_name})
    return redirect("people:person", person.username)


@needs(EDIT_PEOPLE, get=somebody)
@require_POST
def activate(request: HttpRequest, person: Person) -> HttpResponse:
    """Let somebody in again."""
    actions.activate_person(by=request.user, person=person)
    messages.success(request, _("%(name)s may sign in again.") % {"name": person.full_name})
    return redirect("people:person", person.username)


@needs(EDIT_PEOPLE, get=somebody)
@never_cache
@require_POST
def password_link(request: HttpRequest, person: Person) -> HttpResponse:
    """A link by which somebody sets their password, shown once."""
    return _with_link(request, person)


def _with_link(request: HttpRequest, person: Person) -> HttpResponse:
    link = actions.link_to_set_password(by=request.user, person=person)
    return render(request, "people/link.html", {"person": person, "link": link})


def _place_of(person: Person) -> Place:
    return Place(initial={"title": person.title, "team": person.team, "roles": sorted(person.role_names)})


def _person_page(request: HttpRequest, person: Person, form: Place, status: int = 200) -> HttpResponse:
    return render(request, "people/person.html", {"person": person, "form": form}, status=status)
