"""Data owners review fields: what they decide becomes a diff that git takes, and nothing else changes."""

import subprocess

import pytest

from tests.house_workspace import ROOT
from tests.web.feeds.feeds_workspace import CUSTOMERS, change, customers_without_review, git
from twain.feeds.contract import read_contract
from twain.feeds.review import pending
from twain.records import Privacy, Right, Role
from twain_web import engine
from twain_web.roles import Role as House
from twain_web.rooms.feeds.models import FieldReview
from twain_web.rooms.people.models import AuditRow

URL = "/catalogue/feed/customers/review/"
PHONE = {
    "field": "phone", "business_name": "Mobile number",
    "description": "For texts: \"yes\" & 'no'.", "synonyms": "mobile, cell phone",
    "classification": "sensitive", "role": "phone", "rights": ["preview"],
}  # fmt: skip


@pytest.fixture
def owner(signed_in):
    return signed_in(House.DATA_OWNER)


def applied(patch):
    """The contract after ``git apply`` of a patch, in a clone of its own."""
    done = subprocess.run(
        ["git", "apply", "--check", "-"], cwd=ROOT, input=patch, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    subprocess.run(["git", "apply", "-"], cwd=ROOT, input=patch, check=True, text=True)
    return read_contract(CUSTOMERS.read_text(encoding="utf-8"), "feeds/customers.odcs.yaml")[0]


def test_the_first_field_that_waits_is_shown_with_its_guesses(owner):
    answer = owner.get(URL)
    assert answer.context["step"].draft.name == "phone"
    form = answer.context["form"]
    assert form.initial["business_name"] == "Telephone"
    assert form.initial["rights"] == ["personalise", "preview"]
    assert [s.state for s in answer.context["walk"].steps][:2] == ["waiting", "reviewed"]


def test_a_decision_becomes_a_patch_that_git_applies(owner, checkout):
    before = CUSTOMERS.read_bytes()
    assert owner.post(URL, PHONE).status_code == 302
    assert CUSTOMERS.read_bytes() == before  # the house does not write into IT's files
    assert b"Mobile number" in owner.get(f"{URL}result/").content
    patch = owner.get(f"{URL}result.patch")
    assert patch["Content-Disposition"] == 'attachment; filename="review-customers.patch"'
    feed = applied(patch.content.decode())
    phone = feed.fields["phone"]
    assert (phone.business_name, phone.role, phone.privacy) == ("Mobile number", Role.PHONE, Privacy.SENSITIVE)
    assert (phone.rights, phone.synonyms) == ({Right.PREVIEW}, ("mobile", "cell phone"))
    assert phone.description == "For texts: \"yes\" & 'no'."
    assert "by: Test Data_Owner" in CUSTOMERS.read_text(encoding="utf-8")


def test_a_contract_without_a_last_line_end_still_gives_a_patch(owner, files):
    CUSTOMERS.write_bytes(CUSTOMERS.read_bytes().rstrip(b"\n"))
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "No end of line")
    owner.post(URL, PHONE)
    assert "phone" in applied(owner.get(f"{URL}result.patch").content.decode()).fields


def test_windows_line_ends_stay(owner, files):
    CUSTOMERS.write_bytes(CUSTOMERS.read_bytes().replace(b"\n", b"\r\n"))
    git("init", "--quiet")
    git("-c", "core.autocrlf=false", "add", ".")
    git("commit", "--quiet", "-m", "From Windows")
    owner.post(URL, PHONE)
    diff = owner.get(f"{URL}result.patch").content.decode()
    assert len([line for line in diff.split("\n") if line.startswith("-") and not line.startswith("---")]) < 10
    subprocess.run(["git", "apply", "-"], cwd=ROOT, input=diff.encode(), check=True)
    assert CUSTOMERS.read_bytes().count(b"\n") == CUSTOMERS.read_bytes().count(b"\r\n")


def test_a_review_goes_onto_a_branch_and_main_stays(owner, checkout):
    owner.post(URL, PHONE)
    head, text = git("rev-parse", "main"), CUSTOMERS.read_bytes()
    answer = owner.post(f"{URL}branch/", follow=True)
    branch = FieldReview.objects.get().branch
    assert branch.startswith("twain/review-customers-")
    assert branch in answer.content.decode()
    assert (git("rev-parse", "main"), CUSTOMERS.read_bytes(), git("status", "--porcelain")) == (head, text, "")
    feed, _ = read_contract(git("show", f"{branch}:feeds/customers.odcs.yaml"), "feeds/customers.odcs.yaml")
    assert feed.fields["phone"].rights == {Right.PREVIEW}
    assert git("log", "-1", "--format=%an: %s", branch).strip() == "Test Data_Owner: Review customers: phone"
    assert AuditRow.objects.filter(verb="review put on a branch", thing="feed:customers").exists()
    git("merge", "--quiet", "--ff-only", branch)
    assert b"Telephone" not in owner.get("/catalogue/feed/customers/").content
    assert b"Mobile number" in owner.get("/catalogue/feed/customers/").content


def test_a_contract_with_changes_here_is_not_put_on_a_branch(owner, checkout):
    change(CUSTOMERS, "version: 1.2.0", "version: 1.2.1")
    owner.post(URL, PHONE)
    answer = owner.post(f"{URL}branch/", follow=True)
    assert "nobody has committed" in answer.content.decode()
    assert git("branch", "--list", "twain/*") == ""


def test_without_git_there_is_a_patch_and_no_branch(owner, files):
    owner.post(URL, PHONE)
    page = owner.get(f"{URL}result/").content.decode()
    assert "no git checkout" in page
    assert "Put it on a branch" not in page
    assert "no git checkout" in owner.post(f"{URL}branch/", follow=True).content.decode()


def test_every_suggestion_can_be_accepted_at_once(owner, files):
    names = ["tier", "city", "points", "language", "birth_date"]
    CUSTOMERS.write_text(customers_without_review(*names), encoding="utf-8")
    answer = owner.post(f"{URL}accept/", follow=True)
    assert "6 fields decided as suggested" in answer.content.decode()
    after = answer.context["result"].after
    assert pending(after) == []
    feed, _ = read_contract(after, "feeds/customers.odcs.yaml")
    assert feed.fields["birth_date"].rights == {Right.PERSONALISE, Right.PREVIEW}  # personal: shown, not searched
    assert feed.fields["points"].rights == {Right.FILTER, Right.PERSONALISE, Right.PREVIEW}


def test_whoever_answers_for_it_is_named(owner, files):
    text = CUSTOMERS.read_text(encoding="utf-8")
    start, end = text.index("  - property: twain.owner"), text.index("  - property: twain.synonyms")
    CUSTOMERS.write_text(text[:start] + text[end:], encoding="utf-8")
    assert owner.get(URL).context["owner_form"] is not None
    assert owner.post(URL, {"owner": "1", "name": "Ana Ruiz", "title": ""}).status_code == 422
    assert (
        owner.post(
            URL, {"owner": "1", "name": "Ana Ruiz", "title": "DBA", "email": "ana@nordlicht.example"}
        ).status_code
        == 302
    )
    feed, _ = read_contract(owner.get(f"{URL}result/").context["result"].after, "feeds/customers.odcs.yaml")
    assert (feed.owner.name, feed.owner.title) == ("Ana Ruiz", "DBA")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"business_name": ""}, "required"),
        ({"rights": ["everything"]}, "Select a valid choice"),
        ({"classification": "top secret"}, "Select a valid choice"),
        ({"role": "email"}, "email"),  # there is one already
        ({"business_name": "a\u202eb"}, ""),
    ],
)
def test_a_decision_that_is_wrong_is_told_and_not_kept(owner, files, wrong, said):
    answer = owner.post(URL, PHONE | wrong)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not FieldReview.objects.filter(decisions__has_key="phone").exists()


def test_a_review_can_be_discarded_and_is_each_persons_own(owner, signed_in, files):
    owner.post(URL, PHONE)
    other = signed_in(House.IT_OPERATOR)
    assert other.get(f"{URL}result/").context["result"].diff == ""
    owner.post(f"{URL}discard/")
    assert not FieldReview.objects.exists()
    assert b"Nothing is decided yet" in owner.get(f"{URL}result/").content


def test_what_leaves_is_never_more_than_the_contract(owner, files):
    """Words that are YAML, or a diff, stay words."""
    nasty = PHONE | {
        "business_name": "x'\"}: [evil] # no",
        "description": "first\n+++ b/feeds/evil.yaml\n@@ -1 +1 @@\n+evil: true",
    }
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "Before")
    assert owner.post(URL, nasty).status_code == 302
    feed = applied(owner.get(f"{URL}result.patch").content.decode())
    assert feed.fields["phone"].business_name == "x'\"}: [evil] # no"
    assert "+evil: true" in feed.fields["phone"].description
    assert git("status", "--porcelain").strip() == "M feeds/customers.odcs.yaml"


@pytest.mark.parametrize("role", [House.MARKETER, House.MARKETING_LEAD, House.ADMINISTRATOR, House.AUDITOR])
def test_reviews_are_its(signed_in, db, role):
    client = signed_in(role)
    for path in ("", "result/", "result.patch"):
        assert client.get(f"{URL}{path}").status_code == 403
    for path in ("", "accept/", "discard/", "branch/"):
        assert client.post(f"{URL}{path}", PHONE).status_code == 403
    assert not FieldReview.objects.exists()


def test_a_reviewed_field_can_be_decided_again(owner, files):
    answer = owner.get(URL, {"field": "city"})
    assert answer.context["form"].initial["synonyms"] == "town, place"
    decision = PHONE | {
        "field": "city",
        "business_name": "Town",
        "role": "",
        "rights": ["filter"],
        "classification": "personal",
    }
    assert owner.post(f"{URL}?field=city", decision).status_code == 302
    feed, _ = read_contract(owner.get(f"{URL}result/").context["result"].after, "x.odcs.yaml")
    assert (feed.fields["city"].business_name, feed.fields["city"].rights) == ("Town", {Right.FILTER})
    assert engine.workspace().feeds["customers"].fields["city"].business_name == "City"
