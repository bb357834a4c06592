"""Signing in, attacked (X14): a reset ends sessions, a forged address does not escape the limit, nobody signs up."""

from __future__ import annotations

import io
import logging
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from twain_web.logs import OneLine
from twain_web.roles import Role
from twain_web.rooms.people.models import AuditRow, Person

PASSWORD, NEW = "a-walk-in-the-snow", "another-walk-in-rain"


@pytest.fixture
def lena(somebody, settings):
    """Somebody with a password; the limits' counters are empty, and mail stays here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow by design
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    call_command("createcachetable", verbosity=0)
    cache.clear()
    person = somebody(Role.MARKETER, username="lena")
    person.set_password(PASSWORD)
    person.save()
    return person


def enter(client: Client, name: str, password: str, **headers: str):
    return client.post("/account/login/", {"login": name, "password": password}, **headers)


def is_in(client: Client) -> bool:
    return client.get("/people/me/").status_code == 200


@pytest.mark.parametrize("name", ["lena", "lena@example.com", "LENA@EXAMPLE.COM"])
def test_by_name_or_address(lena, name):
    client = Client()
    assert enter(client, name, PASSWORD).status_code == 302
    assert is_in(client)
    assert AuditRow.objects.filter(verb="signed in", person="lena", address="127.0.0.1").exists()


def test_a_reset_ends_every_session(lena):
    thief, lena_herself = Client(), Client()
    enter(thief, "lena", PASSWORD)
    assert is_in(thief)
    lena_herself.post("/account/password/reset/", {"email": "lena@example.com"})
    link = re.search(r"http\S+(/account/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = lena_herself.get(link, follow=True)
    lena_herself.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert not is_in(thief)
    assert enter(Client(), "lena", PASSWORD).status_code == 200
    assert enter(lena_herself, "lena", NEW).status_code == 302
    assert AuditRow.objects.filter(verb="password changed", person="lena").count() == 1


def test_the_link_of_a_reset_works_once(lena):
    client = Client()
    client.post("/account/password/reset/", {"email": "lena@example.com"})
    link = re.search(r"http\S+(/account/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    again = Client().get(link, follow=True)
    assert b"password1" not in again.content


def test_changing_the_password_ends_the_other_sessions(lena):
    here, elsewhere = Client(), Client()
    enter(here, "lena", PASSWORD)
    enter(elsewhere, "lena", PASSWORD)
    assert is_in(elsewhere)
    here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert not is_in(elsewhere)


def test_a_reset_for_somebody_unknown_looks_the_same(lena):
    known = Client().post("/account/password/reset/", {"email": "lena@example.com"})
    unknown = Client().post("/account/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_a_forged_address_does_not_escape_the_limit(lena):
    """listmonk CVE-2026-34828: whoever names another X-Forwarded-For each time is still one and the same."""
    answers = []
    for number in range(8):
        forged = {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}", "HTTP_X_REAL_IP": f"198.51.100.{number}"}
        answers.append(enter(Client(), "lena", "wrong-password-here", **forged).content.decode())
    assert "not correct" in answers[0]
    assert "Too many failed login attempts" in answers[-1]
    assert "Too many failed" in enter(Client(), "lena", PASSWORD).content.decode()


def test_nor_does_another_name_each_time(lena):
    answers = [
        enter(Client(), f"guess-{number}", "wrong-password-here", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
        for number in range(12)
    ]
    assert "Too many failed" in answers[-1].content.decode()


def test_nobody_signs_up(db):
    client = Client()
    words = {"email": "mallory@example.com", "username": "mallory", "password1": NEW, "password2": NEW}
    page = client.post("/account/signup/", words)
    assert b"Nobody signs up here" in page.content
    assert not Person.objects.filter(username="mallory").exists()


def test_nobody_changes_their_own_address(signed_in):
    client = signed_in(Role.MARKETER, username="lena")
    client.post("/account/email/", {"email": "boss@example.com", "action_add": ""})
    assert Person.objects.get(username="lena").email == "lena@example.com"


def test_whoever_was_deactivated_is_out_at_once(lena, signed_in):
    client, administrator = Client(), signed_in(Role.ADMINISTRATOR)
    enter(client, "lena", PASSWORD)
    assert is_in(client)
    administrator.post("/people/lena/deactivate/")
    assert not is_in(client)
    enter(Client(), "lena", PASSWORD)
    assert not is_in(client)
    administrator.post("/people/lena/activate/")
    enter(client, "lena", PASSWORD)
    assert is_in(client)


def test_the_last_administrator_stays(signed_in):
    client = signed_in(Role.ADMINISTRATOR, username="only")
    assert client.post("/people/only/deactivate/").status_code == 422
    assert client.post("/people/only/change/", {"title": "X", "roles": ["marketer"]}).status_code == 422
    assert Person.objects.get(username="only").role_names == {Role.ADMINISTRATOR}


def test_a_name_with_line_breaks_stays_on_its_line(lena):
    """Log injection (X19): in the audit and in the log."""
    forged = "lena\n2026-11-22 10:00:00 INFO twain boss approved everything"
    enter(Client(), forged, "wrong-password-here")
    row = AuditRow.objects.filter(verb="sign-in refused").first()
    assert row is not None
    assert row.thing.isprintable()
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(OneLine())
    error = ValueError(forged)
    kept = (ValueError, error, error.__traceback__)
    handler.handle(logging.LogRecord("twain", logging.ERROR, __file__, 1, "refused: %s", (forged,), kept))
    assert heard.getvalue().count("\n") == 1


def test_the_password_is_in_no_row(lena):
    enter(Client(), "lena", "wrong-canary-Xy7")
    enter(Client(), "lena", PASSWORD)
    text = str(list(AuditRow.objects.values_list("person", "verb", "thing", "detail", "address")))
    assert "canary" not in text
    assert PASSWORD not in text
