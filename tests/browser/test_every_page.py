"""Every page of the house is looked at: axe in both themes, no complaint of the console, its picture.

A page that nobody lists here fails a test.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest
from django.urls import resolve
from playwright.sync_api import expect

from tests.browser.conftest import looks, sign_in
from tests.web.routes import every_route
from twain.flows.instance import open_instance

MARKETER, LEAD, OWNER, OPERATOR = "lhoffmann", "mseidel", "pnair", "jweber"
ADMINISTRATOR, AUDITOR = "aberg", "tklein"


@dataclass(frozen=True)
class Shown:
    """A page: its address, who looks at it (nobody: a visitor), what its pictures are called, and what shows that it is there."""

    address: str
    who: str = MARKETER
    picture: str = ""
    there: str = "h1"

    def __str__(self) -> str:
        return f"{self.address} {self.who}".rstrip()


PAGES = (
    Shown("/", MARKETER, "home-marketing"),
    Shown("/", LEAD, "home-lead"),
    Shown("/", OWNER, "home-it"),
    Shown("/", OPERATOR, "home-operator"),
    Shown("/", ADMINISTRATOR, "home-administrator"),
    Shown("/", AUDITOR, "home-auditor"),
    Shown("/catalogue/", OWNER, "feeds-catalogue"),
    Shown("/catalogue/?q=zzzz", MARKETER),
    Shown("/catalogue/glossary/", MARKETER, "feeds-glossary"),
    Shown("/catalogue/changes/", OWNER),
    Shown("/catalogue/workspace/", OWNER, "feeds-workspace"),
    Shown("/catalogue/feed/customers/", OWNER, "feeds-feed", ".feeds-chart canvas"),
    Shown("/catalogue/feed/orders/", MARKETER),
    Shown("/catalogue/feed/customers/review/", OWNER, "feeds-review"),
    Shown("/catalogue/feed/customers/review/result/", OWNER),
    Shown("/catalogue/feed/customers/history/{commit}/", OWNER),
    Shown("/audiences/", LEAD, "audiences-list"),
    Shown("/audiences/new/", MARKETER),
    Shown("/audiences/overlap/", MARKETER),
    Shown("/audiences/gold-in-berlin/", OWNER),
    Shown("/audiences/{audience}/versions/1/", MARKETER),
    Shown("/audiences/{audience}/edit/", MARKETER, "", "#count [role=status]"),
    Shown("/content/", MARKETER, "content-list"),
    Shown("/content/new/", MARKETER),
    Shown("/content/media/", MARKETER, "content-media"),
    Shown("/content/media/{picture}/", MARKETER),
    Shown("/content/brands/", MARKETER, "content-brands"),
    Shown("/content/brands/new/", MARKETER),
    Shown("/content/brands/nordlicht-outdoor/", MARKETER, "content-brand"),
    Shown("/content/reusable/", MARKETER),
    Shown("/content/proof-list/", MARKETER),
    Shown("/content/first-frost/", AUDITOR),
    Shown("/content/first-frost/settings/", MARKETER),
    Shown("/content/first-frost/versions/1/", MARKETER, "content-version"),
    Shown("/campaigns/", LEAD, "campaigns"),
    Shown("/campaigns/new/", MARKETER, "campaign-new"),
    Shown("/campaigns/switch/", OPERATOR, "red-switch"),
    Shown("/campaigns/of/summer-thanks/", MARKETER),
    Shown("/campaigns/of/summer-thanks/review/", OWNER),
    Shown("/campaigns/of/{campaign}/versions/", MARKETER),
    Shown("/campaigns/sends/{send}/", OWNER),
    Shown("/calendar/", MARKETER, "calendar"),
    Shown("/calendar/new/", MARKETER),
    Shown("/calendar/plans/{plan}/", MARKETER),
    Shown("/calendar/plans/{plan}/", OWNER, "plan"),
    Shown("/results/", MARKETER, "results"),
    Shown("/results/{send}/", MARKETER, "result"),
    Shown("/results/{send}/mail/", MARKETER, "result-mail"),
    Shown("/results/of/summer-thanks/", MARKETER, "from-send-to-send"),
    Shown("/deliverability/", OWNER, "deliverability"),
    Shown("/leads/", OPERATOR, "leads"),
    Shown("/leads/", MARKETER),
    Shown("/leads/{lead}/", OWNER, "lead"),
    Shown("/customers/", MARKETER, "customers"),
    Shown("/customers/customers/{key}/", MARKETER, "customer", "text=Loyalty tier"),
    Shown("/incidents/", MARKETER, "incidents"),
    Shown("/incidents/?feed=orders", OPERATOR),
    Shown("/incidents/{incident}/", LEAD),
    Shown("/incidents/{incident}/", OPERATOR, "incident"),
    Shown("/requests/", MARKETER, "requests"),
    Shown("/requests/ask/?outcome=the+birthday+of+customers", MARKETER, "request-ask", ".desk-fit"),
    Shown("/requests/ask/?kind=access", LEAD),
    Shown("/requests/procedures/", OWNER, "request-procedures"),
    Shown("/requests/{request}/", MARKETER),
    Shown("/requests/{request}/", OWNER, "request"),
    Shown("/partnership/", LEAD, "partnership"),
    Shown("/partnership/thanks/", AUDITOR),
    Shown("/partnership/thanks/new/", OWNER),
    Shown("/partnership/checks/", LEAD, "status-checks"),
    Shown("/partnership/checks/new/", ADMINISTRATOR),
    Shown("/partnership/checks/1/", AUDITOR),
    Shown("/partnership/checks/2/", LEAD, "status-check"),
    Shown("/partnership/checks/survey/", OWNER, "survey"),
    Shown("/partnership/vendors/", MARKETER, "vendor-reviews"),
    Shown("/partnership/vendors/new/", OPERATOR),
    Shown("/partnership/vendors/{vendor}/", OPERATOR),
    Shown("/domains/", MARKETER, "sender-domains"),
    Shown("/domains/mail.nordlicht.example/", OPERATOR, "sender-domain"),
    Shown("/webhooks/", OPERATOR, "webhooks"),
    Shown("/webhooks/new/", OPERATOR),
    Shown("/webhooks/{endpoint}/", AUDITOR),
    Shown("/webhooks/{endpoint}/", OPERATOR, "webhook"),
    Shown("/webhooks/{endpoint}/change/", ADMINISTRATOR),
    Shown("/webhooks/not-delivered/", OPERATOR, "webhooks-not-delivered"),
    Shown("/webhooks/messages/{delivery}/", OPERATOR),
    Shown("/webhooks/new/?form=slack", OPERATOR, "webhook-new"),
    Shown("/webhooks/trackers/", OPERATOR, "trackers"),
    Shown("/webhooks/providers/", ADMINISTRATOR, "providers"),
    Shown("/people/", MARKETER, "people"),
    Shown("/people/new/", ADMINISTRATOR, "enter-somebody"),
    Shown("/people/me/", AUDITOR, "own-page"),
    Shown("/people/me/tokens/", OPERATOR),
    Shown("/people/jweber/", LEAD, "person"),
    Shown("/people/jweber/", ADMINISTRATOR, "person-for-administrators"),
    Shown("/audit/", OWNER),
    Shown("/audit/walk/", AUDITOR),
    Shown("/api/", OPERATOR),
    Shown("/account/login/", "", "sign-in"),
    Shown("/account/logout/", LEAD),
    Shown("/account/inactive/", ""),
    Shown("/account/signup/", ""),
    Shown("/account/confirm-email/", ""),
    Shown("/account/confirm-email/{letter}/", ""),
    Shown("/account/reauthenticate/", LEAD),
    Shown("/account/password/change/", LEAD),
    Shown("/account/password/reset/", "", "forgotten-password"),
    Shown("/account/password/reset/done/", ""),
    Shown("/account/password/reset/key/done/", ""),
    Shown("/account/password/reset/key/1-{letter}/", ""),
    Shown("/account/2fa/", LEAD, "second-step"),
    Shown("/account/2fa/webauthn/", LEAD),
    Shown("/account/3rdparty/", LEAD),
    Shown("/account/3rdparty/login/cancelled/", ""),
    Shown("/account/sessions/", LEAD, "sessions"),
    Shown("/no-such-page/", MARKETER),
    Shown("/people/new/", MARKETER),
)

#: Pages in a state that only a whole story reaches; the test that looks at each.
SEEN_IN_STORIES = {
    "/requests/answer/<str:token>/": "test_requests: the link of a mail",
    "/incidents/answer/<str:token>/": "test_incidents: the link of a mail",
    "/requests/still-right/<str:token>/": "test_requests: the link of a mail about contracts",
    "/partnership/thanks/forward/<str:token>/": "test_partnership: the link of a mail",
    "/content/<slug:slug>/": "test_content: the editor, the preview, its checks",
    "/account/2fa/totp/activate/": "test_second_step",
    "/account/2fa/totp/deactivate/": "test_second_step",
    "/account/2fa/recovery-codes/": "test_second_step",
    "/account/2fa/recovery-codes/generate/": "test_second_step",
    "/account/2fa/authenticate/": "test_second_step",
    "/account/2fa/webauthn/add/": "test_second_step",
    "/account/2fa/webauthn/keys/<int:pk>/remove/": "test_second_step",
    "/account/2fa/webauthn/keys/<int:pk>/edit/": "test_second_step",
}

#: No page of their own, and nothing real to ask them for here: why.
NOT_PAGES = {
    "/calendar/feed/<str:secret>.ics": "a calendar for other calendars, at a secret address",
    "/calendar/feed/<int:pk>/revoke/": "a button that takes such an address back",
    "/calendar/ways/<int:pk>/adopt/": "a button that adopts a simpler way, where one is offered",
    "/calendar/events.json": "what the calendar shows, for its script",
    "/results/<slug:run_id>/mail/frame/": "the mail itself, in the sandbox of its page",
    "/audiences/counts/<uuid:pk>/": "a part of the audience's page, while a count runs",
    "/incidents/<str:slug>/patch/": "a diff for git, once one was proposed",
    "/content/media/(?P<file>[0-9a-f]{64}\\.(?:png|jpg|gif))$": "a picture",
    "/account/oidc/(?P<provider_id>[^/]+)/login/": "leads to the company's own sign-in",
    "/account/oidc/(?P<provider_id>[^/]+)/login/callback/": "comes back from there",
    "/account/2fa/recovery-codes/download/": "a text file, once there are codes",
}

#: What a route's parameter is, in the house of these tests: the longest beginning that fits.
REAL = {
    "/catalogue/": {"name": "customers", "commit": "{commit}"},
    "/audiences/": {"slug": "{audience}", "number": "1"},
    "/content/": {"slug": "first-frost", "number": "1"},
    "/content/media/": {"number": "{picture}"},
    "/content/brands/": {"slug": "nordlicht-outdoor"},
    "/campaigns/of/": {"slug": "{campaign}"},
    "/campaigns/sends/": {"run_id": "{send}"},
    "/calendar/": {"pk": "{plan}"},
    "/results/": {"run_id": "{send}"},
    "/results/of/": {"campaign": "summer-thanks"},
    "/leads/": {"identifier": "{lead}"},
    "/customers/": {"feed": "customers", "key": "{key}"},
    "/requests/": {"slug": "{request}", "verb": "promise"},
    "/incidents/": {"slug": "{incident}"},
    "/partnership/thanks/": {"pk": "1"},
    "/partnership/checks/": {"pk": "1"},
    "/partnership/vendors/": {"pk": "{vendor}", "number": "1"},
    "/domains/": {"domain": "mail.nordlicht.example"},
    "/webhooks/": {"pk": "{endpoint}"},
    "/webhooks/messages/": {"pk": "{delivery}"},
    "/people/": {"username": "jweber"},
}
_PARAMETER = re.compile(r"<\w+:(\w+)>")


@pytest.fixture(scope="module")
def places(house):
    """What the addresses above name: a send, a customer who got it, a commit, things that Lena made."""
    with open_instance(house.root) as instance:
        (file, *_) = instance.history.files()
    key = pq.read_table(file, filters=[("fate", "=", "sent")]).column("key")[0].as_py()
    sends = json.loads(house.twain("runs", "--json"))["runs"]
    made = {**json.loads(house.seeded("place_seed")), **json.loads(house.seeded("integrations_seed"))}
    return {"key": key, "send": sends[-1]["run"], "commit": house.commit, "letter": "no-such-letter", **made}


@pytest.fixture(scope="module")
def walkers(browser, house):
    """A page for everybody who walks, kept from one address to the next."""
    kept = {}

    def walker(who):
        if who not in kept:
            kept[who] = browser.new_context(**looks(house)).new_page()
            if who:
                sign_in(kept[who], who, house.passwords[who])
        return kept[who]

    yield walker
    for page in kept.values():
        page.context.close()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_this_page_looks_and_reads_well(page, places, walkers, good_page, complaints):
    complaints.allow(r"status of 40[134]")  # pages that say no are pages, too
    walker = walkers(page.who)
    with complaints.heard_of(walker):
        walker.goto(page.address.format(**places))
        expect(walker.locator(page.there).first).to_be_visible()
        expect(walker.locator(".htmx-request")).to_have_count(0)
        good_page(walker, page.picture)


def test_no_page_of_the_house_is_missing_here(places, walkers):
    """Whatever answers with a whole page is in the list above, or has a story of its own."""
    shown = (p.address.format(**places).partition("?")[0] for p in PAGES if p.address != "/no-such-page/")
    listed = {"/" + resolve(address).route for address in shown}
    done = {*listed, *SEEN_IN_STORIES, *NOT_PAGES}
    left = [r for r in every_route() if not r.is_api and r.written.replace("/^", "/") not in done]
    askers = {who: walkers(who).context.request for who in (MARKETER, OWNER, ADMINISTRATOR, AUDITOR)}
    answers = {r.written: _asked(askers, _real(r.written).format(**places)) for r in left}
    assert {written: said for written, said in answers.items() if said} == {}


def _asked(askers, address):
    """What is wrong with not listing it, or nothing."""
    for asker in askers.values():
        answer = asker.get(address, max_redirects=0)
        if answer.status == 404:
            return f"nothing real to ask for at {address}"
        if answer.status == 200 and _is_page(answer):
            return f"a page that nobody looks at: {address}"
    return ""


def _is_page(answer):
    return answer.headers.get("content-type", "").startswith("text/html") and "<!doctype html>" in answer.text()[:200]


def _real(written):
    """The route as an address of something that is there."""
    known = {
        name: value
        for start in sorted(REAL, key=len)
        if written.startswith(start)
        for name, value in REAL[start].items()
    }
    return _PARAMETER.sub(lambda found: known.get(found[1], "none"), written)
