"""The second step when signing in: an authenticator app, recovery codes, a passkey; from the first to the last."""

from __future__ import annotations

import json
import re
import time
import uuid
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

PASSWORD = "a-lantern-by-the-path"
PERIOD = 30
_KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def newcomer(house, visitor):
    """A page of somebody new, who has set a password and signed in: what is turned on here is nobody else's."""
    user = f"ffalk-{uuid.uuid4().hex[:6]}"
    entered = house.twain(
        "admin", "enter", user, "--name", "Frida Falk", "--title", "CRM Analyst", "--email", f"{user}@nordlicht.example",
        "--role", "marketer", "--json", person="aberg",
    )  # fmt: skip
    page = visitor()
    page.goto(urlsplit(json.loads(entered)["link"]).path)
    page.get_by_label("New Password", exact=True).fill(PASSWORD)
    page.get_by_label("New Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Change Password").click()
    # A passkey belongs to a name, not to a number: the same house, by its name.
    page.goto(f"{by_name(house)}/account/login/")
    _password(page, user)
    return page, user


def by_name(house):
    return house.url.replace("127.0.0.1", "localhost")


def _password(page, user):
    page.get_by_label("Username or email").fill(user)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("Username or email")).to_have_count(0)


def _again(page):
    """Sensitive pages ask for the password once more."""
    expect(page).to_have_url(re.compile("/reauthenticate/"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def _sign_out(page):
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Username or email")).to_be_visible()


def test_an_app_and_recovery_codes_come_and_go(house, newcomer, good_page):
    (page, user), home = newcomer, by_name(house)
    page.goto(f"{home}/account/2fa/totp/activate/")
    _again(page)
    secret = page.get_by_label("Authenticator secret").input_value()
    good_page(page, "second-step-app")
    page.get_by_label("Authenticator code").fill(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD)))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Authenticator app activated.")).to_be_visible()
    code = page.get_by_label("Unused codes").input_value().split()[0]
    good_page(page)
    page.goto(f"{home}/account/2fa/recovery-codes/generate/")
    good_page(page)
    _sign_out(page)
    _password(page, user)
    good_page(page, "second-step-asked")
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in").first.click()
    page.goto(f"{home}/account/2fa/totp/deactivate/")
    _again(page)
    good_page(page)
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("Off.")).to_be_visible()


def test_a_passkey_opens_the_door_alone(house, newcomer, good_page):
    (page, _user), home = newcomer, by_name(house)
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": _KEY})
    page.goto(f"{home}/account/2fa/webauthn/add/")
    _again(page)
    good_page(page)
    page.get_by_label("Name").fill("Frida's telephone")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Security key added")).to_be_visible()
    page.goto(f"{home}/account/2fa/webauthn/")
    page.get_by_role("link", name="Edit").click()
    good_page(page)
    _sign_out(page)
    page.get_by_role("button", name="passkey").click()
    expect(page.get_by_role("heading", name="Good to see you, Frida Falk")).to_be_visible()
    page.goto(f"{home}/account/2fa/webauthn/")
    page.get_by_role("link", name="Remove").click()
    _again(page)
    good_page(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No security keys have been added.")).to_be_visible()
