"""The house's own past, and its queries counted: run in a process of its own, because Django is set up once per process.

``python -m benchmarks._house_past fill <campaigns>`` enters people, audiences, contents and campaigns and prints a session's key;
``… queries <path> …`` asks each page once in this process and prints how many queries each made on the control store (JSON).
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twain_web.settings")

import django

django.setup(set_prefix=False)

from django.conf import settings
from django.db import connection
from django.test import Client

from twain.ledger.stores.sqlite import SqliteTransaction
from twain_web.roles import Role
from twain_web.rooms.audiences.models import Audience, AudienceVersion
from twain_web.rooms.campaigns.models import Campaign, PlanVersion
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.people.actions import enter_person
from twain_web.rooms.people.models import Person
from twain_web.supervise.prepare import prepare

WHO = "mseidel"
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_RULE = {"all": [{"field": "tier", "op": "eq", "value": "gold"}, {"field": "city", "op": "eq", "value": "Berlin"}]}


def fill(campaigns: int) -> str:
    """Enter everything; returns the key of a signed-in session."""
    prepare()
    person = enter_person(
        by="benchmark", username=WHO, full_name="Mara Seidel", title="Head of CRM", email="mara@nordlicht.example",
        roles=[Role.MARKETING_LEAD, Role.ADMINISTRATOR],
    )  # fmt: skip
    _audiences(person, max(campaigns // 2, 1))
    _campaigns(person, campaigns)
    client = Client()
    client.force_login(person, backend=_BACKEND)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def _audiences(person: Person, many: int) -> None:
    for n in range(many):
        audience = Audience.objects.create(
            slug=f"audience-{n:03}", name=f"Gold in Berlin {n:03}", feed="customers", owner=person
        )
        audience.current = AudienceVersion.objects.create(audience=audience, number=1, rule=_RULE, author=person)
        audience.save()


def _campaigns(person: Person, many: int) -> None:
    for n in range(many):
        campaign = Campaign.objects.create(slug=f"campaign-{n:03}", name=f"Campaign {n:03}", owner=person)
        plan = Plan(audience=f"audience-{n // 2:03}")
        campaign.current = PlanVersion.objects.create(campaign=campaign, number=1, plan=plan.as_json(), by=person)
        campaign.save()


def queries(paths: list[str]) -> dict[str, int]:
    """How many queries each page makes on the control store: the house's tables and the ledger's."""
    client = Client()
    client.force_login(Person.objects.get(username=WHO), backend=_BACKEND)
    counted: Counter[str] = Counter()
    _count_ledger(counted)
    found = {}
    for path in paths:
        client.get(path)
        counted.clear()
        with connection.execute_wrapper(_counting(counted)):
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")
        found[path] = counted.total()
    return found


def _counting(counted: Counter[str]) -> Callable[..., Any]:
    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        counted["house"] += 1
        return execute(sql, params, many, context)

    return wrapper


def _count_ledger(counted: Counter[str]) -> None:
    for name in ("one", "all", "run", "many"):
        real = getattr(SqliteTransaction, name)

        def counting(self: SqliteTransaction, *words: Any, _real: Callable[..., Any] = real, **values: Any) -> Any:
            counted["ledger"] += 1
            return _real(self, *words, **values)

        setattr(SqliteTransaction, name, counting)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        print(fill(int(sys.argv[2])))
    else:
        print(json.dumps(queries(sys.argv[2:])))
