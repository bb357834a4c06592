"""A contract for other tools: what is reviewed, in the same bytes each time, and nothing that a company keeps to itself."""

import pytest
import yaml

from tests.feed_contracts import CUSTOMER, INVOICE, changed
from twain.errors import ContractError
from twain.feeds.contract import feeds_from_texts, read_contract
from twain.feeds.plain import dbt_nodes, plain_contract
from twain.feeds.plain_yaml import plain_yaml

FEEDS = feeds_from_texts({"Customer": CUSTOMER, "Invoice": INVOICE})
SECRETS = """
servers:
  - {server: live, type: postgres, host: db.internal.example, port: 5432, database: crm, schema: sales}
authoritativeDefinitions:
  - {type: videoTutorial, url: "https://wiki.internal.example/c4n4ry"}
support:
  - {channel: data-team, url: "https://chat.internal.example/c4n4ry"}
"""


def plain(text, name="Customer"):
    return plain_contract(text, FEEDS, f"feeds/{name}.odcs.yaml")


def test_it_reads_back_as_the_same_feed():
    for name, text in (("Customer", CUSTOMER), ("Invoice", INVOICE)):
        exported = plain(text, name)
        assert exported.left_out == ()
        again, problems = read_contract(exported.text, "x.odcs.yaml")
        before, _ = read_contract(text, "x.odcs.yaml")
        assert [p for p in problems if p.severity == "error"] == []
        assert (again.contract_hash, again.owner) == (before.contract_hash, before.owner)
        assert [(f.name, f.rights, f.synonyms) for f in again.fields.values()] == [
            (f.name, f.rights, f.synonyms) for f in before.fields.values()
        ]


def test_what_nobody_reviewed_and_where_things_lie_stays_at_home():
    loaded = changed(CUSTOMER, "schema:\n", f"{SECRETS.lstrip()}schema:\n")
    loaded = changed(loaded, "customProperties:\n", "customProperties:\n  - {property: token, value: c4n4ry-s3cret}\n")
    loaded = changed(
        loaded, "description: As the person writes it.", "examples: [Margarethe]\n        description: A name."
    )
    loaded = f"# password: c4n4ry-comment\n{loaded}"
    assert read_contract(loaded, "x")[0] is not None
    exported = plain(loaded).text
    for hidden in ("Salary", "c4n4ry", "internal.example", "Margarethe", "token"):
        assert hidden in loaded
        assert hidden not in exported
    assert {"Id", "FirstName", "Email", "ChangedAt"} == {
        p["name"] for p in yaml.safe_load(exported)["schema"][0]["properties"]
    }


def test_a_rule_or_a_relation_that_names_a_hidden_field_is_left_out_and_told():
    text = changed(
        CUSTOMER,
        "      - {metric: rowCount, mustBeGreaterThan: 100, description: The shop has customers}\n",
        "      - {type: sql, query: select count(*) from customers where salary < 0, mustBe: 0}\n"
        "      - {metric: duplicateValues, arguments: {properties: [FirstName, Email]}, mustBe: 0}\n",
    )
    exported = plain(text)
    assert exported.left_out == ("a quality rule of Customer that names a field nobody reviewed",)
    assert "alary" not in exported.text
    assert len(yaml.safe_load(exported.text)["schema"][0]["quality"]) == 1
    invoice = plain(changed(INVOICE, "to: Customer.Id", "to: Customer.Salary"), "Invoice")
    assert invoice.left_out == ("a relation of Invoice to a field that nobody reviewed",)
    assert "Salary" not in invoice.text


def test_a_query_that_names_a_hidden_field_keeps_its_feed_at_home():
    query = changed(CUSTOMER, "    physicalName: sales.customers\n", "")
    own = 'customProperties:\n  - {property: twain.query, value: "select *, salary from c"}\n'
    names_it = changed(query, "customProperties:\n", own)
    with pytest.raises(ContractError, match="salary") as refused:
        plain(names_it)
    assert refused.value.shown_code == "T973"
    sound = changed(names_it, "*, salary", "id, email")
    assert yaml.safe_load(plain(sound).text)["customProperties"][0]["value"] == "select id, email from c"


def test_a_contract_with_an_error_says_it():
    with pytest.raises(ContractError) as refused:
        plain(changed(CUSTOMER, "logicalType: integer", "logicalType: number_of_things"))
    assert refused.value.shown_code == "T203"


def test_readers_of_the_older_yaml_take_it_the_same_way():
    data = {
        "a": ["on", "no", "2026-01-31", "1e3", "0x1F", "~", "", " x", "Größe: 5", "multi\nline\n", "x"],
        "on": {"y": 1.5},
    }
    again = plain_yaml(data)
    assert yaml.safe_load(again) == data
    assert again == plain_yaml(data)
    reviewed = yaml.safe_load(plain(CUSTOMER).text)["schema"][0]["properties"][0]["customProperties"][0]["value"]
    assert reviewed == {"by": "Priya Nair", "on": "2026-11-01"}


def test_what_dbt_calls_it_is_kept():
    named = changed(
        CUSTOMER,
        "customProperties:\n",
        "customProperties:\n  - {property: dependsOn, vendor: dbt, value: \"ref('dim_c')\"}\n",
    )
    assert dbt_nodes(CUSTOMER, "x") is None
    assert dbt_nodes(named, "x") == ("ref('dim_c')",)
    assert dbt_nodes(plain(named).text, "x") == ("ref('dim_c')",)
