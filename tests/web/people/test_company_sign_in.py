"""The company's OpenID Connect provider: the button, where it leads, and whom it lets in. The provider here is a real server."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client

from twain_web.roles import Role
from twain_web.rooms.people.models import AuditRow

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: dict) -> str:
    head = b64(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "1"}).encode())
    text = f"{head}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(KEY.sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


@pytest.fixture
def provider():
    """A provider with discovery, keys, tokens and user info; ``provider.claims`` is whom it vouches for."""

    class Provider(BaseHTTPRequestHandler):
        def do_GET(self):
            base = server.url
            numbers = KEY.public_key().public_numbers()
            answers = {
                "/.well-known/openid-configuration": {
                    "issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo", "jwks_uri": f"{base}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                },
                "/keys": {"keys": [{
                    "kid": "1", "kty": "RSA", "alg": "RS256", "use": "sig",
                    "n": b64(numbers.n.to_bytes(256, "big")), "e": b64(numbers.e.to_bytes(3, "big")),
                }]},
                "/userinfo": server.claims,
            }  # fmt: skip
            self.answer(answers[urlsplit(self.path).path])

        def do_POST(self):
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            server.asked.append(body)
            now = int(time.time())
            claims = {"iss": server.url, "aud": "twain", "iat": now, "exp": now + 60, **server.claims}
            self.answer({"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": signed(claims)})

        def answer(self, what):
            body = json.dumps(what).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):  # noqa: A002 — the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.url, server.claims, server.asked = f"http://127.0.0.1:{server.server_port}", {}, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def house(provider, settings, db):
    """The house, told of the provider."""
    app = {
        "provider_id": "company", "name": "Nordlicht ID", "client_id": "twain", "secret": "c4n4ry-of-the-provider",
        "settings": {"server_url": provider.url},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return provider


def come_in(provider, **claims) -> Client:
    """Press the button, be vouched for by the provider, come back."""
    provider.claims = {"sub": "42", **claims}
    client = Client()
    asked = client.post("/account/oidc/company/login/")
    assert asked.status_code == 302
    assert asked["Location"].startswith(f"{provider.url}/authorize?")
    words = parse_qs(urlsplit(asked["Location"]).query)
    assert words["code_challenge_method"] == ["S256"]
    client.get("/account/oidc/company/login/callback/", {"code": "c", "state": words["state"][0]})
    return client


def is_in(client: Client) -> bool:
    return client.get("/people/me/").status_code == 200


def test_the_button_is_there_when_there_is_a_provider(house):
    page = Client().get("/account/login/").content.decode()
    assert "Sign in with Nordlicht ID" in page
    assert "c4n4ry" not in page


def test_without_a_provider_there_is_no_button(db):
    assert "/account/oidc/" not in Client().get("/account/login/").content.decode()


def test_somebody_who_was_entered_comes_in(house, somebody):
    somebody(Role.MARKETER, username="lena")
    client = come_in(house, email="Lena@Example.com", email_verified=True, name="Lena")
    assert is_in(client)
    assert house.asked[0]["client_secret"] == ["c4n4ry-of-the-provider"]
    assert AuditRow.objects.filter(verb="company account joined", person="lena").exists()
    assert is_in(come_in(house, email="lena@example.com", email_verified=True))


def test_an_address_that_the_provider_has_not_verified_opens_nothing(house, somebody):
    somebody(Role.MARKETER, username="lena")
    assert not is_in(come_in(house, email="lena@example.com", email_verified=False))


def test_whom_nobody_entered_stays_outside(house, somebody):
    assert not is_in(come_in(house, email="mallory@example.com", email_verified=True))
    person = somebody(Role.MARKETER, username="gone")
    person.is_active = False
    person.save()
    assert not is_in(come_in(house, email="gone@example.com", email_verified=True))


def test_the_button_needs_its_form(house):
    """Nobody is signed in by a link of another site."""
    assert Client(enforce_csrf_checks=True).post("/account/oidc/company/login/").status_code == 403
    page = Client().get("/account/oidc/company/login/")
    assert page.status_code == 200
    assert b"csrfmiddlewaretoken" in page.content
