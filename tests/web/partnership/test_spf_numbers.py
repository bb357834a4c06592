"""SPF look-ups, of ten: counted in a real DNS on loopback once a day, kept, and shown with the worst domain first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tests.loopback_dns import good_world, loopback_dns
from twain.flows.domains import spf_lookups
from twain.flows.instance import open_instance
from twain_web import engine
from twain_web.rooms.partnership.numbers import keeping
from twain_web.rooms.partnership.numbers.models import SpfDay
from twain_web.rooms.partnership.numbers.reader import numbers

DOMAIN = "mail.nordlicht.test"


@pytest.fixture
def world():
    with loopback_dns() as made:
        yield good_world(made)


@pytest.fixture
def instance(tmp_path, world):
    """A workspace that asks that DNS, and sends as two domains."""
    (tmp_path / "twain.toml").write_text(
        f'[workspace]\nname = "spf"\n[dns]\nservers = ["127.0.0.1:{world.port}"]\nport = {world.port}\ntimeout = "300ms"\n'
        f'[domains."{DOMAIN}"]\n[domains."news.nordlicht.test"]\n[production]\nenabled = true\n'
    )
    with open_instance(tmp_path) as opened:
        yield opened


def spf_number():
    return next(one for part in numbers().parts for one in part.numbers if one.id == "spf-lookups")


def test_the_dns_itself_says_how_many(instance, world):
    assert spf_lookups(instance) == {DOMAIN: 1}, "the other domain has no record yet"
    world.put("news.nordlicht.test", "TXT", "v=spf1 mx a include:_spf.nordlicht.test ~all")
    assert spf_lookups(instance) == {DOMAIN: 1, "news.nordlicht.test": 3}
    world.put("_spf.nordlicht.test", "TXT", "v=spf1 " + " ".join(f"a:h{n}.nordlicht.test" for n in range(30)) + " ~all")
    assert spf_lookups(instance) == {DOMAIN: 11, "news.nordlicht.test": 11}, "more than ten are not asked for"
    world.put("_spf.nordlicht.test", "TXT", "v=spf1 everybody ~all")
    assert spf_lookups(instance) == {}
    world.put("_spf.nordlicht.test", "TXT", "v=spf1 ~all")
    world.silent.add("127.0.0.1")
    assert spf_lookups(instance) == {}, "what cannot be asked for is not counted"


@pytest.mark.usefixtures("company", "db")
def test_in_production_it_is_counted_once_a_day(instance, monkeypatch):
    assert keeping._spf_due() == [], "while production is off nothing leaves this machine"
    monkeypatch.setattr(engine, "instance", lambda: instance)
    monkeypatch.setattr(engine, "workspace", lambda: instance.workspace)
    monkeypatch.setattr(keeping, "senders", dict)
    assert keeping._spf_due() == [timezone.localdate().isoformat()]
    keeping.count_lookups()
    assert list(SpfDay.objects.values_list("day", "domain", "lookups")) == [(timezone.localdate(), DOMAIN, 1)]
    assert keeping._spf_due() == []
    keeping.keep_lookups({DOMAIN: 9})
    assert SpfDay.objects.get().lookups == 1, "a day that was counted stays as it was"


@pytest.mark.usefixtures("company", "db")
def test_the_worst_domain_stands_first_beside_the_limit(signed_in, people):
    assert spf_number().missing.startswith("Not measured yet: ")
    today = timezone.localdate()
    for days, domain, lookups in (
        (3, "shop.example", 2), (1, "shop.example", 11), (1, "mail.example", 7), (90, "gone.example", 9), (40, "mail.example", 4),
    ):  # fmt: skip
        SpfDay.objects.create(day=today - timedelta(days=days), domain=domain, lookups=lookups)
    one = spf_number()
    assert [(line.name, line.all.value, line.all.bound) for line in one.lines] == [
        ("shop.example", 11.0, "at least"), ("mail.example", 7.0, ""),
    ]  # fmt: skip
    assert (one.beside, one.missing) == (10.0, "")
    by_month = {key: point.value for key, point in zip(one.periods, one.lines[1].points, strict=True)}
    before = today - timedelta(days=40)
    assert by_month[f"{before:%Y-%m}"] == 4.0
    assert by_month[f"{_day_before(today):%Y-%m}"] == 7.0
    text = signed_in(username="mseidel").get("/partnership/").content.decode()
    assert text.index("shop.example") < text.index("mail.example")
    assert ("11 or more" in text, "gone.example" in text) == (True, False)


def _day_before(today: date) -> date:
    return today - timedelta(days=1)
