"""What other tools get of a workspace: contracts that it takes back as its own, and dbt exposures of their agreed shape."""

import re
import shutil

import pytest
import yaml
from jsonschema import Draft202012Validator

from twain.feeds.contract import load_feeds

#: dbt's own words for exposures (docs.getdbt.com/reference/exposure-properties), as a schema.
EXPOSURES = Draft202012Validator({
    "type": "object",
    "required": ["version", "exposures"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": 2},
        "exposures": {"type": "array", "items": {
            "type": "object",
            "required": ["name", "type", "owner", "depends_on"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "pattern": "^[A-Za-z0-9_]+$"},
                "label": {"type": "string"},
                "type": {"enum": ["dashboard", "notebook", "analysis", "ml", "application"]},
                "maturity": {"enum": ["high", "medium", "low"]},
                "url": {"type": "string", "pattern": "^https://"},
                "description": {"type": "string"},
                "depends_on": {"type": "array", "items": {
                    "type": "string", "pattern": r"^(ref\('[^']+'\)|source\('[^']+', '[^']+'\))$"}},
                "owner": {
                    "type": "object", "additionalProperties": False, "minProperties": 1,
                    "properties": {"name": {"type": "string"}, "email": {"type": "string", "pattern": "@"}},
                },
            },
        }},
    },
})  # fmt: skip


def exposures(demo):
    answer = demo.twain("export", "dbt-exposures")
    assert (answer.code, answer.err) == (0, "")
    found = yaml.safe_load(answer.out)
    EXPOSURES.validate(found)
    return {one["name"]: one for one in found["exposures"]}


def test_exported_contracts_are_feeds_of_a_new_workspace(demo, tmp_path):
    answer = demo.twain("export", "odcs", "--to", str(demo.root / "out"))
    assert answer.code == 0, answer.err
    before, _ = load_feeds(demo.root / "feeds", demo.root)
    (demo.root / "feeds").rename(demo.root / "theirs")
    shutil.copytree(demo.root / "out", demo.root / "feeds")
    after, problems = load_feeds(demo.root / "feeds", demo.root)
    assert problems == []
    assert {n: f.contract_hash for n, f in after.items()} == {n: f.contract_hash for n, f in before.items()}
    checked = demo.twain("check", "--json")
    assert checked.code == 0, checked.out
    assert [p for p in checked.json["problems"] if p["severity"] == "error"] == []
    assert "name: phone" in (demo.root / "theirs/customers.odcs.yaml").read_text()
    assert not re.search(r"\bphone\b", (demo.root / "out/customers.odcs.yaml").read_text())


def test_the_same_workspace_gives_the_same_bytes_over_what_an_export_made(demo):
    first, second = demo.twain("export", "odcs"), demo.twain("export", "odcs")
    assert first.out == second.out
    assert len(list(yaml.safe_load_all(first.out))) == 5
    once = demo.twain("export", "dbt-exposures", "--to", str(demo.root / "m/twain.yml"))
    text = (demo.root / "m/twain.yml").read_text()
    again = demo.twain("export", "dbt-exposures", "--to", str(demo.root / "m/twain.yml"))
    assert (once.code, again.code) == (0, 0)
    assert (demo.root / "m/twain.yml").read_text() == text


def test_nobody_elses_file_is_written_over(demo):
    theirs = demo.root / "m/schema.yml"
    theirs.parent.mkdir()
    theirs.write_text("version: 2\n")
    answer = demo.twain("export", "dbt-exposures", "--to", str(theirs), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "T974")
    assert theirs.read_text() == "version: 2\n"
    before = {path.name: path.read_text() for path in (demo.root / "feeds").iterdir()}
    answer = demo.twain("export", "odcs", "--to", str(demo.root / "feeds"), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "T974")
    assert {path.name: path.read_text() for path in (demo.root / "feeds").iterdir()} == before
    answer = demo.twain("export", "odcs", "--to", str(theirs / "below"), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "T975")


def test_campaigns_as_dbt_has_them(demo):
    demo.edit("twain.toml", 'base_url = "http://127.0.0.1:8024"', 'base_url = "https://go.example.com"')
    found = exposures(demo)
    summer = found["twain_summer_thanks"]
    assert summer["depends_on"] == [
        "source('shop', 'customers')",
        "source('shop', 'orders')",
        "source('shop', 'visits')",
    ]
    assert summer["owner"] == {"name": "Lena Hoffmann", "email": "lena.hoffmann@nordlicht.example"}
    assert (summer["maturity"], summer["url"]) == ("medium", "https://go.example.com")
    assert "orders.total" in summer["description"]
    birthday = found["twain_birthday"]
    assert (birthday["maturity"], birthday["depends_on"]) == ("low", ["source('shop', 'customers')"])


def test_a_contract_says_what_dbt_calls_its_table(demo):
    named = "customProperties:\n  - {property: dependsOn, vendor: dbt, value: \"ref('dim_customers')\"}"
    demo.edit("feeds/customers.odcs.yaml", "version: 1.2.0", "version: 1.2.1")
    text = (demo.root / "feeds/customers.odcs.yaml").read_text()
    (demo.root / "feeds/customers.odcs.yaml").write_text(text.replace("customProperties:", named, 1))
    assert exposures(demo)["twain_birthday"]["depends_on"] == ["ref('dim_customers')"]
    demo.edit("feeds/customers.odcs.yaml", "ref('dim_customers')", "ref(env_var('DBT_PASSWORD'))")
    refused = demo.twain("export", "dbt-exposures", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "T976")


def test_a_title_cannot_make_dbt_render_anything(demo):
    demo.edit(
        "campaigns/birthday/campaign.toml", "Birthday wishes", "Wishes {{ env_var('DBT_PASSWORD') }}{% set x = 1 %}{# y"
    )
    label = exposures(demo)["twain_birthday"]["label"]
    assert not re.search(r"\{[{%#]", label)
    assert "env_var" in label


@pytest.mark.parametrize("command", ["odcs", "dbt-exposures"])
def test_one_fault_keeps_no_other_back(demo, command):
    demo.edit("feeds/stores.odcs.yaml", "apiVersion: v3.2.0", "apiVersion: v3.1.0")
    demo.edit("campaigns/birthday/campaign.toml", 'feed = "customers"', 'feed = "nobody"')
    answer = demo.twain("export", command, "--json")
    assert answer.code == 2
    assert [one["name"] for one in answer.json["faults"]] == ["stores" if command == "odcs" else "birthday"]
    assert "".join(answer.json["files"].values())
