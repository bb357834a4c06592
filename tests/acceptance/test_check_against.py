"""Moment two of IT: a renamed field, and what the build says before the merge: whose, when, where, and a patch that git takes."""

import subprocess
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.conftest import Demo
from twain.flows.schedule import parse_schedule, spoken


def git(folder, *words, given=None):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(folder), *words]
    return subprocess.run(command, input=given, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repo(company, tmp_path):
    """The demo's files in git, in a folder of the repository, as of the branch that others have."""
    return _repo(company, tmp_path / "repo", "messaging/twain")


def _repo(company, top, below):
    root = top / below
    for part in ("audiences", "campaigns", "feeds", "fragments"):
        for origin in (company / part).rglob("*.*"):
            target = root / origin.relative_to(company)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(origin.read_bytes())
    for name in ("twain.toml", "policy.toml"):
        (root / name).write_bytes((company / name).read_bytes())
    demo = Demo(root, None)
    demo.edit("fragments/many-returns.sql", "SELECT customer_id", "SELECT orders.customer_id")
    demo.edit(
        "campaigns/birthday/campaign.toml", 'topic = "birthday"', 'topic = "birthday"\nsend_at = "2031-01-01T08:30"'
    )
    git(top, "init", "-q")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "as it was")
    return demo


CUSTOMERS, ORDERS = "feeds/customers.odcs.yaml", "feeds/orders.odcs.yaml"


def rename(demo):
    demo.edit(CUSTOMERS, "- name: city\n", "- name: town\n")
    demo.edit(CUSTOMERS, "- name: first_name\n", "- name: given_name\n")
    demo.edit(ORDERS, "- name: status\n", "- name: order_status\n")
    demo.edit(ORDERS, "- name: ordered_at\n", "- name: bought_at\n")
    orders = demo.root / ORDERS
    orders.write_text(orders.read_text().replace("orders.ordered_at", "orders.bought_at"))


def test_it_says_whose_when_and_where(repo):
    rename(repo)
    answer = repo.twain("check", "--against", "HEAD", "--json")
    assert answer.code == 2
    broken = answer.json["broken"]
    assert {(b["kind"], b["name"]) for b in broken} == {
        ("campaign", "summer-thanks"), ("campaign", "birthday"), ("audience", "gold-in-berlin"), ("audience", "active-customers"),
    }  # fmt: skip
    owners = {(b["owner"]["name"], b["owner"]["title"]) for b in broken}
    assert owners == {("Lena Hoffmann", "Campaign Manager")}
    berlin = ZoneInfo("Europe/Berlin")
    friday = parse_schedule("Friday 09:00").following(datetime.now(berlin))
    goes = {b["name"]: b["sends_at"] for b in broken}
    assert goes["summer-thanks"] == friday.isoformat()
    assert goes["birthday"] == "2031-01-01T08:30:00+01:00"
    assert goes["gold-in-berlin"] is None
    found = {(b["name"], b["field"]): (b["renamed_to"], f"{b['file']}:{b['line']}", b["code"]) for b in broken}
    body, shared = "campaigns/summer-thanks/campaign.toml", "audiences/active-customers.toml"
    lines = (repo.root / body).read_text().splitlines()
    assert found["summer-thanks", "city"][0] == "town"
    line = lines.index('city = "wherever you are"') + 1
    assert found["summer-thanks", "city"][1] == f"{body}:{line}"
    counted = next(n for n, text in enumerate(lines, 1) if text.startswith('where = { field = "status"'))
    assert found["summer-thanks", "status"] == ("order_status", f"{body}:{counted}", "T232")  # of [conversion]
    assert found["active-customers", "ordered_at"] == ("bought_at", f"{shared}:8", "T232")
    said = repo.twain("check", "--against", "HEAD").out.replace("\n", " ")
    assert f"summer-thanks (campaign): Lena Hoffmann, Campaign Manager; goes {spoken(friday)}" in " ".join(said.split())
    assert said.index("summer-thanks (campaign)") < said.index("birthday (campaign)") < said.index("(audience)")


@pytest.mark.parametrize("way", ["words", "json", "--keep-names"])
def test_the_patch_it_prints_makes_it_green(repo, way):
    rename(repo)
    answer = repo.twain(
        "check", "--against", "HEAD", *(["--json"] if way == "json" else [way] if way != "words" else [])
    )
    assert answer.code == 2
    git(
        repo.root, "apply", given=answer.json["patch"] if way == "json" else answer.out
    )  # all that it said, words included
    changed = set(git(repo.root, "diff", "--relative", "--name-only").split())
    if way == "--keep-names":
        assert changed == {CUSTOMERS, ORDERS}
        assert "physicalName: town" in (repo.root / CUSTOMERS).read_text()
    else:
        assert {"audiences/gold-in-berlin.toml", "audiences/active-customers.toml", "fragments/many-returns.sql",
                "campaigns/summer-thanks/body.mjml", "campaigns/birthday/campaign.toml"} < changed  # fmt: skip
        assert "order_status = 'returned'" in (repo.root / "fragments/many-returns.sql").read_text()
    green = repo.twain("check", "--offline", "--against", "HEAD", "--json")
    assert (green.code, green.json["ok"], green.json["broken"], green.json["patch"]) == (0, True, [], "")


def test_a_workspace_that_is_the_repository(company, tmp_path):
    repo = _repo(company, tmp_path / "repo", "")
    repo.edit(CUSTOMERS, "- name: city\n", "- name: town\n")
    git(repo.root, "apply", given=repo.twain("check", "--against", "HEAD").out)
    assert repo.twain("check", "--offline", "--against", "HEAD").code == 0


def test_it_says_what_the_patch_does_not_mend(repo):
    rename(repo)
    (repo.root / "campaigns/summer-thanks/endless.png").symlink_to("/dev/zero")  # nobody reads what no message needs
    customers = repo.root / CUSTOMERS
    text = customers.read_text()
    start = text.index("      - name: birth_date\n")
    customers.write_text(text[:start] + text[text.index("      - name: ", start + 20) :])
    answer = repo.twain("check", "--against", "HEAD", "--json").json
    assert answer["mends"] == ["summer-thanks"]
    assert [(b["name"], b["code"]) for b in answer["broken"] if b["field"] == "birth_date"] == [("birthday", "T231")]
    assert "Not mended by it: birthday." in " ".join(repo.twain("check", "--against", "HEAD").out.split())


def test_line_ends_and_a_missing_last_one_survive(repo):
    body = repo.root / "campaigns/summer-thanks/body.mjml"
    body.write_bytes(body.read_bytes().replace(b"\n", b"\r\n").rstrip())
    audience = repo.root / "audiences/gold-in-berlin.toml"
    audience.write_bytes(audience.read_bytes().rstrip())
    git(repo.root, "commit", "-qam", "from elsewhere")
    before = body.read_bytes()
    rename(repo)
    patch = repo.twain("check", "--against", "HEAD", "--json").json["patch"]
    assert "No newline at end of file" in patch
    subprocess.run(["git", "-C", str(repo.root), "apply"], input=patch.encode(), check=True)
    assert body.read_bytes() == before.replace(b"city }}", b"town }}").replace(b"first_name", b"given_name").replace(
        b"ordered_at", b"bought_at"
    )
    assert repo.twain("check", "--offline", "--json").json["ok"]


def test_a_change_of_type_is_no_rename_to_follow(repo):
    repo.edit(CUSTOMERS, "- name: city\n", "- name: shoe_size\n")
    text = (repo.root / CUSTOMERS).read_text()
    at = text.index("logicalType: string", text.index("- name: shoe_size"))
    (repo.root / CUSTOMERS).write_text(text[:at] + "logicalType: integer" + text[at + len("logicalType: string") :])
    answer = repo.twain("check", "--against", "HEAD", "--json").json
    assert {b["code"] for b in answer["broken"]} == {"T231"}
    assert (answer["patch"], answer["keep_patch"]) == ("", "")
    assert "No patch can be proposed" in repo.twain("check", "--against", "HEAD").out


def test_a_right_that_is_not_used_may_go_and_one_that_is_may_not(repo):
    text = (repo.root / CUSTOMERS).read_text()
    given = "value: [filter, personalise, preview, export]"
    at = text.index(given, text.index("- name: city"))
    for rights, expected in (
        ("[personalise, filter]", set()),
        ("[personalise, preview]", {("audience", "gold-in-berlin", "T233")}),
        ("[filter]", {("campaign", "summer-thanks", "T233")}),
    ):
        (repo.root / CUSTOMERS).write_text(text[:at] + f"value: {rights}" + text[at + len(given) :])
        broken = repo.twain("check", "--against", "HEAD", "--json").json["broken"]
        assert {(b["kind"], b["name"], b["code"]) for b in broken} == expected, rights


def test_a_contract_with_an_error_is_told_as_such_and_not_as_gone(repo):
    repo.edit(CUSTOMERS, "- name: city\n", "- nam: city\n")
    answer = repo.twain("check", "--against", "HEAD", "--json")
    assert answer.code == 2
    assert answer.json["broken"] == []
    assert {p["code"] for p in answer.json["problems"] if p["file"] == CUSTOMERS} <= {"T203", "T204"}
