"""The workspace's panel: its revision, pulls by interval, button and webhook, and files that are broken."""

import hashlib
import hmac
import shutil
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.house_workspace import ROOT
from tests.web.feeds.feeds_workspace import CUSTOMERS, change, git
from twain.settings import load_settings
from twain_web import engine
from twain_web.models import OutboxRow
from twain_web.roles import Role
from twain_web.rooms.feeds import actions, looking
from twain_web.rooms.feeds.models import WorkspaceState
from twain_web.rooms.people.models import AuditRow

URL = "/catalogue/workspace/"
FEED = "feeds/customers.odcs.yaml"
ZONE = 'time_zone = "Europe/Berlin"'


@pytest.fixture
def origin(checkout, tmp_path):
    """IT's repository, which the workspace was cloned from."""
    folder = tmp_path / "origin"
    shutil.copytree(ROOT / ".git", folder / ".git")
    git("checkout", "--quiet", ".", at=folder)
    git("remote", "add", "origin", str(folder))
    git("fetch", "--quiet", "origin")
    git("branch", "--quiet", "--set-upstream-to=origin/main")
    return folder


def commit(folder, old, new, path=FEED):
    change(folder / path, old, new)
    git("commit", "--quiet", "-am", "A change", at=folder)
    return git("rev-parse", "HEAD", at=folder).strip()


def test_without_git_the_panel_says_so(signed_in, db):
    page = signed_in(Role.DATA_OWNER).get(URL).content.decode()
    assert "no git checkout" in page
    assert "Pull now" not in page


def test_the_revision_is_shown(signed_in, origin, django_assert_max_num_queries):
    client = signed_in(Role.DATA_OWNER)
    client.get(URL)
    with django_assert_max_num_queries(25):
        page = client.get(URL).content.decode()
    assert git("rev-parse", "--short=8", "HEAD").strip() in page
    assert "The first feeds" in page
    assert "Pull now" in page


def test_a_pull_that_is_asked_for_is_made_by_the_reconciler(signed_in, origin):
    newest = commit(origin, "businessName: City", "businessName: Town")
    client = signed_in(Role.DATA_OWNER)
    assert looking.pull_due() == []
    client.post(f"{URL}pull/")
    assert looking.pull_due() == [actions.this_place()]
    looking.pull()
    assert looking.pull_due() == []
    assert git("rev-parse", "HEAD").strip() == newest
    assert engine.workspace().feeds["customers"].fields["city"].business_name == "Town"
    assert [row.body["after"] for row in OutboxRow.objects.filter(topic="workspace.pulled")] == [newest]
    assert AuditRow.objects.filter(verb="workspace pulled").exists()


def test_the_interval_is_a_setting(origin, db):
    change(ROOT / "twain.toml", ZONE, f'{ZONE}\npull = "5m"')
    assert looking.pull_due() == [actions.this_place()]
    looking.pull()
    assert looking.pull_due() == []
    WorkspaceState.objects.update(pulled_at=timezone.now() - timedelta(seconds=301))
    assert looking.pull_due() == [actions.this_place()]


@pytest.mark.parametrize(("written", "seconds"), [('"5m"', 300.0), ('"10s"', 10.0), ("60", 60.0)])
def test_the_interval_is_read(files, written, seconds):
    change(ROOT / "twain.toml", ZONE, f"{ZONE}\npull = {written}")
    assert load_settings(ROOT).pull_seconds == seconds


def test_a_broken_revision_is_not_let_in_and_the_page_says_why(signed_in, origin):
    before = git("rev-parse", "HEAD").strip()
    broken = commit(origin, "logicalType: boolean", "logicalType: nonsense")
    actions.ask_for_pull(by="test")
    looking.pull()
    client = signed_in(Role.DATA_OWNER)
    page = client.get(URL).content.decode()
    assert git("rev-parse", "HEAD").strip() == before
    assert f"Revision {broken[:8]} was not let in" in page
    assert "feeds/customers.odcs.yaml:" in page
    assert client.get("/catalogue/feed/customers/").status_code == 200
    looking.pull()
    assert AuditRow.objects.filter(verb="revision refused").count() == 1  # told once
    commit(origin, "logicalType: nonsense", "logicalType: boolean")
    looking.pull()
    assert "was not let in" not in client.get(URL).content.decode()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (FEED, "logicalType: boolean", "logicalType: nonsense"),
        ("policy.toml", "[", "[[["),
        ("twain.toml", "[workspace]", "[workspace"),
    ],
)
def test_files_broken_by_hand_leave_the_last_good_ones_in_force(signed_in, files, path, old, new):
    client = signed_in(Role.DATA_OWNER)
    assert client.get(URL).status_code == 200
    good = engine.workspace()
    change(ROOT / path, old, new)
    assert engine.workspace().feeds.keys() == good.feeds.keys()
    page = client.get("/catalogue/")
    assert page.status_code == 200
    assert b"What was last in order stays in force" in page.content
    assert path.encode() in client.get(URL).content
    assert b"stays in force" not in signed_in(Role.MARKETER).get("/catalogue/").content
    change(ROOT / path, new, old)
    assert engine.workspace_faults() == ()


def test_each_house_pulls_its_own_folder(origin, db):
    WorkspaceState.objects.create(place="another machine's", pulled_at=timezone.now())
    actions.ask_for_pull(by="test")
    assert WorkspaceState.objects.exclude(wanted_at=None).count() == 2
    looking.pull()
    assert looking.pull_due() == []
    assert WorkspaceState.objects.get(place="another machine's").wanted_at is not None


def test_git_that_does_not_work_is_told(signed_in, origin):
    git("remote", "set-url", "origin", "/nowhere/at/all")
    actions.ask_for_pull(by="test")
    looking.pull()
    assert "git fetch did not work" in signed_in(Role.DATA_OWNER).get(URL).content.decode()


# ---------------------------------------------------------------- the webhook


def signature(body, secret="canary-secret"):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def called(body=b'{"ref": "refs/heads/main"}', **headers):
    return Client(enforce_csrf_checks=True).post(f"{URL}hook/", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("header", ["X-Hub-Signature-256", "X-Hub-Signature"])
def test_a_signed_webhook_asks_for_a_pull(db, monkeypatch, header):
    monkeypatch.setenv("TWAIN_WORKSPACE_HOOK_SECRET", "canary-secret")
    body = b'{"ref": "refs/heads/main"}'
    assert called(body, **{header: signature(body)}).status_code == 202
    assert looking.pull_due() == [actions.this_place()]
    called(body, **{header: signature(body)})
    assert AuditRow.objects.filter(verb="pull asked for").count() == 1  # a storm of them is one pull


@pytest.mark.parametrize(
    "given",
    ["", "sha256=", "sha256=" + "0" * 64, signature(b"other"), signature(b"x", "wrong"), "ünsigned", "sha1=abc"],
)
def test_a_webhook_that_is_not_signed_does_nothing(db, monkeypatch, given):
    monkeypatch.setenv("TWAIN_WORKSPACE_HOOK_SECRET", "canary-secret")
    answer = called(b"x", **{"X-Hub-Signature-256": given})
    assert answer.status_code == 403
    assert b"canary" not in answer.content
    assert not WorkspaceState.objects.exists()


def test_without_a_secret_the_webhook_is_closed(db, monkeypatch):
    monkeypatch.delenv("TWAIN_WORKSPACE_HOOK_SECRET", raising=False)
    assert called(b"x", **{"X-Hub-Signature-256": signature(b"x", "")}).status_code == 403
    assert Client().get(f"{URL}hook/").status_code == 405


@pytest.mark.parametrize("role", [Role.MARKETER, Role.MARKETING_LEAD])
def test_the_panel_is_its(signed_in, role):
    assert signed_in(role).get(URL).status_code == 403
    assert signed_in(role).post(f"{URL}pull/").status_code == 403


def test_a_pull_needs_its_forms_token(somebody, db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(somebody(Role.DATA_OWNER), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(f"{URL}pull/").status_code == 403
    assert CUSTOMERS.exists()
    assert not WorkspaceState.objects.exists()
