"""The API's description: for programs as OpenAPI, for people as a plain page."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from twain_web.access import public
from twain_web.api.app import api
from twain_web.api.openapi import operations, rule_of
from twain_web.api.problems import problem
from twain_web.roles import NAMES


@public
def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """The description: shapes and rules, nobody's data."""
    return JsonResponse(_description())


@public
def page(request: HttpRequest) -> HttpResponse:
    """Every operation on one page."""
    rooms: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in operations(api):
        rule = rule_of(one)
        names = [NAMES[role] for role in sorted(rule.wanted.roles)]
        told = {"method": one.methods[0], "path": f"/api{one.path}", "about": one.description, "scope": rule.scope}
        rooms[(one.tags or [""])[0]].append(told | {"roles": None if len(names) == len(NAMES) else names})
    return render(request, "api/page.html", {"rooms": dict(rooms)})


@csrf_exempt
@public
def nothing(request: HttpRequest, rest: str) -> HttpResponse:  # noqa: ARG001 — a view
    """An address that is no operation's: a program gets a problem, not a page."""
    return problem(404, "404", "There is no such operation.", "Look at /api/openapi.json for those there are.")


@lru_cache(maxsize=1)
def _description() -> dict[str, Any]:
    return dict(api.get_openapi_schema(path_prefix="/api/"))
