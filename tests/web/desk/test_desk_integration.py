"""An integration is seen: our webhook was really taken by a server that runs here, or the server really answers as was said."""

from __future__ import annotations

import http.server
import threading
from typing import ClassVar

import pytest
from django.utils import timezone

from tests.web.integrations.listening import listening
from twain_web import engine, outbox
from twain_web.roles import Role
from twain_web.rooms.desk.actions.answers import name_target
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.desk.forms import AskForm
from twain_web.rooms.desk.looking import look
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.probes import probe
from twain_web.rooms.integrations import delivering
from twain_web.rooms.integrations.actions import make_endpoint
from twain_web.rooms.integrations.models import Delivery, Endpoint

HELD = {"campaign": "summer-thanks", "run": "r1", "why": "Prices are 9 hours old."}


class _System(http.server.BaseHTTPRequestHandler):
    says: ClassVar[dict[str, tuple[int, bytes]]] = {}

    def do_GET(self):
        status, body = self.says.get(self.path, (404, b"nothing"))
        self.send_response(status)
        self.send_header("Location", "/health")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def system():
    """Another system that can be asked."""
    _System.says = {}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _System) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def jonas(somebody):
    return somebody(Role.IT_OPERATOR, username="jweber")


def seen(**target):
    return probe("integration").observe(engine.instance(), target, None)


def deliver(endpoint):
    """Something happens in the house, and goes out by the webhook."""
    outbox.tell("campaign.held", **HELD)
    outbox.deliver()
    Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
    Delivery.objects.filter(endpoint=endpoint, state="waiting").update(next_at=timezone.now())
    delivering.deliver(str(endpoint.pk))


@pytest.mark.usefixtures("company", "db")
def test_an_answer_is_compared_with_what_was_said(system):
    url = f"{system}/health"
    assert (seen(url=url).there, seen(url=url).technical) == (False, "HTTP 404")
    _System.says["/health"] = (200, b'{"status":  "OK",\n "name": "sales"}')
    assert seen(url=url).there is True
    assert seen(url=url, answer='"STATUS": "ok"').there is True
    assert seen(url=url, answer="warehouse").there is False
    _System.says["/health"] = (401, b"sales")
    assert [seen(url=url, answer=answer).there for answer in ("401", "200", "sales", "")] == [True, False, False, False]
    _System.says["/health"] = (302, b"")
    assert seen(url=url).there is False, "a redirect is not followed, nor believed"


@pytest.mark.usefixtures("company", "db")
def test_silence_is_neither_and_nothing_inside_is_asked():
    assert seen(url="http://127.0.0.1:1/").there is None
    inside = seen(url="http://192.0.2.1/")
    assert (inside.there, inside.asked) == (False, False)
    nothing = seen(webhook="", url="", answer="401")
    assert (nothing.there, nothing.asked) == (False, False)


@pytest.mark.usefixtures("company")
def test_a_webhook_is_there_once_something_was_taken(jonas):
    assert seen(webhook="Warehouse").there is False
    with listening() as other:
        one = make_endpoint(by=jonas, name="Warehouse", url=other.url, types=("send.held",)).endpoint
        assert "Nothing has gone" in seen(webhook="warehouse").words
        other.answers.append((500, {}))
        deliver(one)
        assert "not taken" in seen(webhook="warehouse").words
        deliver(one)
        assert (len(other.got) > 1, seen(webhook="warehouse").there) == (True, True)
        Endpoint.objects.update(is_on=False)
        assert "switched off" in seen(webhook="Warehouse").words


@pytest.mark.usefixtures("company")
def test_both_must_be_there_where_both_were_named(jonas, system):
    with listening() as other:
        one = make_endpoint(by=jonas, name="Sales", url=other.url, types=("send.held",)).endpoint
        _System.says["/"] = (200, b"ready")
        target = {"webhook": "Sales", "url": f"{system}/", "answer": "ready"}
        assert seen(**target).there is False
        deliver(one)
        found = seen(**target)
        assert (found.there, "HTTP 200" in found.technical, "endpoint" in found.technical) == (True, True, True)
        _System.says["/"] = (200, b"starting")
        assert seen(**target).there is False


@pytest.mark.usefixtures("company")
def test_a_request_closes_when_it_named_what_it_sees(somebody, jonas, system):
    lena = somebody(Role.MARKETER, username="lhoffmann")
    form = AskForm(kind=engine.workspace().request_types["integration"])
    assert [field.name for field in form.targets] == ["target_webhook", "target_url", "target_answer"]
    asked = ask(by=lena, wish=Wish("integration", "Results in the sales system", "They call those who clicked"))
    look(str(asked.pk))
    asked.refresh_from_db()
    assert (asked.state, asked.probe) == ("asked", "integration")
    _System.says["/orders"] = (401, b"")
    name_target(by=jonas, request=asked, target={"webhook": "", "url": f"{system}/orders", "answer": "401"})
    look(str(asked.pk))
    assert Request.objects.get().state == "observed"
