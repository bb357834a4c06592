from django.core.management import call_command
from django.test import Client

from twain_web.roles import Role


def test_every_view_has_a_rule():
    call_command("check", fail_level="ERROR")


def test_whoever_is_not_signed_in_is_asked_to(db):
    answer = Client().get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_a_marketer_finds_home(signed_in):
    answer = signed_in(Role.MARKETER).get("/")
    assert answer.status_code == 200
    assert b"Data catalogue" not in answer.content or b"catalogue" in answer.content


def test_the_audit_is_not_for_marketers(signed_in):
    assert signed_in(Role.MARKETER).get("/audit/").status_code == 403
    assert signed_in(Role.AUDITOR).get("/audit/").status_code == 200
