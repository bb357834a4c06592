"""When a session was seen is noted now and then, and at once when it comes from elsewhere."""

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test.utils import CaptureQueriesContext

from twain_web.roles import Role


def _asked(client, **said):
    with CaptureQueriesContext(connection) as found:
        assert client.get("/people/me/", **said).status_code == 200
    return [one["sql"] for one in found.captured_queries if "usersessions_usersession" in one["sql"]]


@pytest.fixture
def client(signed_in, company):
    return signed_in(Role.MARKETER)


def test_a_page_after_the_first_notes_nothing(client):
    assert _asked(client, HTTP_USER_AGENT="one")
    assert not _asked(client, HTTP_USER_AGENT="one")


def test_another_browser_or_place_is_noted_at_once(client):
    _asked(client, HTTP_USER_AGENT="one")
    assert _asked(client, HTTP_USER_AGENT="another")
    assert UserSession.objects.get(session_key=client.session.session_key).user_agent == "another"
    assert _asked(client, HTTP_USER_AGENT="another", REMOTE_ADDR="192.0.2.7")
