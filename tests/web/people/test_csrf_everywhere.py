"""No form of another site changes anything here (Superset CVE-2022-43719): every route, by somebody who may everything."""

from __future__ import annotations

import io

import pytest
from django.test import Client

from tests.web.routes import every_route, leads_there
from twain_web import engine
from twain_web.roles import Role
from twain_web.wsgi import application

ROUTES = list(every_route())


def test_every_sample_address_leads_to_its_view():
    assert [route.written for route in ROUTES if not route.is_api and not leads_there(route)] == []
    assert len(ROUTES) > 60


@pytest.fixture
def trusting(somebody):
    """Somebody with every role, in a browser that sends the session's cookie wherever it is asked to."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(
        somebody(*Role, username="everything"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_without_the_token_nothing_is_changed_anywhere(trusting, method):
    answers = {
        route.written: getattr(trusting, method)(route.address, {"a": "b"}).status_code
        for route in ROUTES
        if not route.is_api
    }
    assert {route: status for route, status in answers.items() if status not in (403, 405)} == {}


def test_whatever_takes_no_token_has_a_proof_of_its_own():
    """The API's operations ask for a bearer token or Django's; the workspace's webhook for a signature, a provider's for
    its password."""
    exempt = {route.written for route in ROUTES if getattr(route.view, "csrf_exempt", False) and not route.is_api}
    assert exempt == {"/catalogue/workspace/hook/", "/in/<str:secret>/"}


#: Where nothing is, nothing changes: the API's own answer to unknown addresses.
_REFUSED = {"/api/<path:rest>": (404,)}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nor_through_the_api(trusting, method):
    answers = {
        route.written: getattr(trusting, method)(route.address, {}, content_type="application/json").status_code
        for route in ROUTES
        if route.is_api
    }
    assert {
        route: status for route, status in answers.items() if status not in _REFUSED.get(route, (401, 403, 405))
    } == {}


def post(path: str, body: bytes) -> str:
    """What a mailbox provider sends (RFC 8058): no cookie, no token of ours but the one in the address."""
    status: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "QUERY_STRING": "", "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": io.BytesIO(body), "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "testserver", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "HTTP_HOST": "testserver",
    }  # fmt: skip
    for _ in application(environ, lambda code, headers, info=None: status.append(code) or (lambda data: None)):
        pass
    return status[0]


def test_one_click_is_bound_to_its_own_token(db):
    """It needs no form, because mailbox providers have none; a wrong token has the answer of every wrong token, and no effect."""
    instance = engine.instance()
    token = instance.mint().stamps("abc123", 0, [3])[0][0].decode()
    forged = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    before = list(instance.ledger.suppressions())
    answers = {post(f"/u/{one}", b"List-Unsubscribe=One-Click") for one in (forged, "", "x" * 40)}
    assert answers == {"404 Not Found"}
    assert list(instance.ledger.suppressions()) == before
