"""The command line on the demo company: what each command says, in words and as JSON, and how it ends."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest


def test_the_main_job_accounts_for_everyone(demo):
    answer = demo.twain("send", "summer-thanks", "--json")
    books = answer.json
    assert answer.code == 0
    assert books["state"] == "finished"
    assert books["matched"] == sum(books["excluded"].values()) + books["audience"]
    ends = books["sent"] + sum(books["failed"].values()) + sum(books["suppressed"].values()) + books["uncertain"]
    assert ends == books["audience"] > 300
    assert demo.messages() == books["sent"]
    assert {"run", "state", "matched", "excluded", "audience", "sent", "failed", "suppressed", "uncertain", "seconds",
            "rate"} <= set(books)  # fmt: skip
    assert {"consent", "duplicate", "invalid", "no_address", "holdout"} <= set(books["excluded"])


def test_the_books_agree_with_the_company_itself(sent):
    books = sent.twain("runs", "--json").json["runs"][0]
    count = sent.twain("audience", "count", "summer-thanks", "--json").json
    assert (count["matched"], count["audience"], count["excluded"]) == (
        books["matched"], books["audience"], books["excluded"])  # fmt: skip
    with duckdb.connect(str(sent.root / "data/shop.duckdb"), read_only=True) as shop:
        consent = dict(shop.execute("select customer_id::text, newsletter_consent from customers").fetchall())
    mailed = {row["key"] for row in _deliveries(sent)}
    assert len(mailed) == books["sent"]
    assert all(consent[key] is True for key in mailed)


def test_words_for_people(sent):
    for command in (("runs",), ("run", "r"), ("missed", "r"), ("feeds",), ("stop",), ("audience", "explain", "summer-thanks"),
                    ("audience", "sql", "summer-thanks"), ("audience", "sample", "gold-in-berlin"),
                    ("audience", "count", "birthday"), ("check",)):  # fmt: skip
        answer = sent.twain(*command)
        assert answer.code == 0, (command, answer.err)
        assert answer.out.strip()
        assert "Traceback" not in answer.err


def test_every_command_speaks_json(sent):
    for command in (("runs",), ("run", "r"), ("missed", "r"), ("feeds",), ("stop",), ("trace", "1"), ("reconciled",),
                    ("audience", "explain", "summer-thanks"), ("audience", "sql", "summer-thanks"),
                    ("audience", "sample", "gold-in-berlin"), ("preview", "summer-thanks"), ("check", "--offline"),
                    ("channel", "test", "mail")):  # fmt: skip
        answer = sent.twain(*command, "--json")
        assert answer.code == 0, (command, answer.err, answer.out)
        assert isinstance(answer.json, dict)


def test_an_error_is_json_too(sent):
    answer = sent.twain("run", "nosuch", "--json")
    assert answer.code == 6
    assert answer.json["error"]["code"] == "T702"
    assert answer.json["error"]["todo"]


def test_a_line_in_a_pipe_is_a_whole_line(sent):
    """Where nobody looks at a terminal's edge, lines are searched and copied: none is broken at 80 columns."""
    command = ("audience", "count", "no-audience-of-this-name-which-is-long-enough-for-a-line-to-reach-over-its-edge")
    said = sent.twain(*command, "--json").json["error"]
    lines = sent.twain(*command).err.strip().splitlines()
    assert len(said["what"]) > 80
    assert lines[0].endswith(said["what"])
    assert lines[-1] == f"  → {said['todo']}"


def test_a_message_is_traced_from_its_message_id(sent):
    message = sent.kept()[0].read_bytes().decode("utf-8", "replace")
    message_id = re.search(r"(?im)^message-id:\s*(\S+)", message)[1]
    found = sent.twain("trace", message_id, "--json").json["messages"]
    assert len(found) == 1
    assert found[0]["fate"] == "sent"
    steps = {name for name, _ in found[0]["steps"]}
    assert {"bundle", "contract", "outcome", "the relay said"} <= steps
    by_key = sent.twain("trace", found[0]["key"], "--json").json["messages"]
    assert by_key == found


def test_the_delivery_history_holds_no_address(sent):
    addresses = _addresses(sent)
    assert len(addresses) > 500
    for file in (sent.root / ".twain/history").rglob("*"):
        if file.is_file():
            text = file.read_bytes()
            assert not [a for a in addresses if a.encode() in text]


def test_a_dry_run_sends_nothing(demo):
    answer = demo.twain("send", "summer-thanks", "--dry-run", "--json")
    assert answer.code == 0
    assert answer.json["ready"] is True
    assert answer.json["audience"] > 300
    assert demo.messages() == 0
    assert demo.twain("runs", "--json").json == {"runs": []}


def test_to_one_person_and_to_the_first_few(demo):
    one = demo.twain("send", "summer-thanks", "--to", "2", "--json").json
    assert one["audience"] == one["sent"] == 1
    few = demo.twain("send", "summer-thanks", "--limit", "5", "--json").json
    assert few["sent"] == 5
    assert demo.messages() == 6
    assert demo.twain("send", "summer-thanks", "--to", "2", "--limit", "3").code == 2


def test_after_its_time_nothing_goes(demo):
    answer = demo.twain("send", "summer-thanks", "--not-after", "2020-01-01T00:00", "--json")
    assert answer.code == 3
    assert demo.messages() == 0
    assert demo.twain("send", "summer-thanks", "--not-after", "whenever").code == 2


def test_a_preview_shows_what_will_be_sent_and_masks_what_may_not_be_seen(sent):
    shown = sent.twain("preview", "summer-thanks", "--to", "2", "--json").json["previews"]
    assert len(shown) == 1
    assert "{{" not in shown[0]["html"]
    assert shown[0]["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    odd = sent.twain("preview", "summer-thanks", "--extremes", "--json").json["previews"]
    assert len(odd) > 3
    assert all(one["odd"] for one in odd)
    assert any("the longest First name" in one["odd"] for one in odd)
    assert sent.twain("preview", "summer-thanks", "--to", "999999999").code == 2


def test_a_suppressed_person_gets_nothing_and_is_counted(demo):
    demo.edit("campaigns/summer-thanks/campaign.toml", "holdout = 0.05", "holdout = 0.0")
    with duckdb.connect(str(demo.root / "data/shop.duckdb"), read_only=True) as shop:
        address = shop.execute(
            "select email from customers where newsletter_consent and email like '%@%' order by customer_id limit 1"
        ).fetchone()[0]
    assert demo.twain("suppress", "add", address.upper()).code == 0
    books = demo.twain("send", "summer-thanks", "--json").json
    assert sum(books["suppressed"].values()) == 1
    assert books["sent"] == books["audience"] - 1
    missed = demo.twain("missed", books["run"], "--json").json["missed"]
    assert [m["fate"] for m in missed] == ["suppressed"]


def test_suppressions_come_and_go_by_file(demo, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text('address,reason\na@example.com,old provider\nnot an address,x\nb@example.com,"=cmd()"\n')
    answer = demo.twain("suppress", "import", str(file), "--json")
    assert (answer.code, answer.json["added"], len(answer.json["problems"])) == (2, 2, 1)
    rows = list(csv.DictReader(io.StringIO(demo.twain("suppress", "export").out)))
    assert len(rows) == 2
    assert not [row for row in rows if row["reason"].startswith("=")]
    assert "example.com" not in str(rows)


def test_the_red_switch_stops_a_send_and_lets_it_go_again(demo):
    assert demo.twain("stop", "all", "--why", "relay on fire").code == 0
    answer = demo.twain("send", "summer-thanks")
    assert answer.code == 3
    assert "relay on fire" in answer.err
    assert demo.messages() == 0
    assert demo.twain("stop", "all", "--lift").code == 0
    assert demo.twain("send", "summer-thanks", "--json").code == 0
    assert demo.twain("stop", "channel:fax").code == 2


def test_two_sends_of_one_campaign_never_overlap(demo):
    demo.twain("stop", "source:shop")
    assert demo.twain("send", "summer-thanks").code == 3
    demo.twain("stop", "source:shop", "--lift")
    assert demo.twain("send", "summer-thanks", "--json").code == 0


def test_a_relay_out_of_reach_pauses_the_send_and_resume_goes_on(demo):
    demo.edit("twain.toml", f"port = {demo.sink.port}", 'give_up_after = "1s"\nport = 1')
    answer = demo.twain("send", "summer-thanks", "--json")
    assert answer.code == 7
    run = demo.twain("runs", "--json").json["runs"][0]
    assert (run["state"], run["sent"]) == ("paused", 0)
    assert demo.twain("send", "summer-thanks").code == 2
    demo.edit("twain.toml", "port = 1\n", f"port = {demo.sink.port}\n") if "port = 1\n" in (
        demo.root / "twain.toml").read_text() else demo.edit("twain.toml", "port = 1 ", f"port = {demo.sink.port} ")  # fmt: skip
    books = demo.twain("resume", run["run"], "--json")
    assert books.code == 0
    assert books.json["sent"] == books.json["audience"] == demo.messages()


def test_cancel_gives_everyone_an_end(demo):
    demo.edit("twain.toml", f"port = {demo.sink.port}", 'give_up_after = "1s"\nport = 1')
    demo.twain("send", "summer-thanks")
    run = demo.twain("runs", "--json").json["runs"][0]
    assert demo.twain("cancel", run["run"]).code == 0
    books = demo.twain("runs", "--json").json["runs"][0]
    assert books["state"] == "cancelled"
    assert books["suppressed"] == {"cancelled": books["audience"]}
    assert books["pending"] == 0
    assert demo.twain("resume", run["run"]).code == 2


def test_stale_data_holds_the_send_in_both_languages_and_a_fix_lets_it_go(demo):
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("alter table customers rename column tier to level")
    answer = demo.twain("send", "summer-thanks")
    assert answer.code == 3
    assert "tier" in answer.err
    assert "Priya Nair" in answer.err
    run = demo.twain("runs", "--json").json["runs"][0]
    assert run["state"] == "held"
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("alter table customers rename column level to tier")
    assert demo.twain("resume", run["run"], "--json").code == 0


def test_a_gone_database_holds_the_send(demo):
    (demo.root / "data/shop.duckdb").rename(demo.root / "data/away.duckdb")
    answer = demo.twain("send", "summer-thanks", "--json")
    assert answer.code == 5
    assert demo.messages() == 0
    (demo.root / "data/away.duckdb").rename(demo.root / "data/shop.duckdb")
    runs = demo.twain("runs", "--json").json["runs"]
    again = ("resume", runs[0]["run"]) if runs else ("send", "summer-thanks")
    assert demo.twain(*again, "--json").code == 0


def test_approval_is_of_exactly_what_is_sent(demo):
    demo.edit("policy.toml", "ceiling_over = 150000", "ceiling_over = 10")
    held = demo.twain("send", "summer-thanks")
    assert held.code == 3
    assert "Priya Nair, Senior DBA" in held.err
    assert demo.twain("approve", "summer-thanks", person="lhoffmann").code == 2
    assert demo.twain("approve", "summer-thanks", person="pnair").code == 0
    demo.edit("campaigns/summer-thanks/campaign.toml", "wonderful year", "marvellous year")
    assert demo.twain("send", "summer-thanks").code == 3
    assert demo.messages() == 0
    assert demo.twain("approve", "summer-thanks", person="jweber").code == 0
    assert demo.twain("send", "summer-thanks", "--json").code == 0


def test_a_comment_in_a_contract_does_not_void_an_approval(demo):
    demo.edit("policy.toml", "ceiling_over = 150000", "ceiling_over = 10")
    assert demo.twain("approve", "summer-thanks", person="pnair").code == 0
    path = demo.root / "feeds/customers.odcs.yaml"
    path.write_text("# a remark\n" + path.read_text())
    assert demo.twain("send", "summer-thanks", "--json").code == 0


def test_leaving_this_machine_needs_intent_and_addresses(demo):
    demo.edit("twain.toml", 'host = "127.0.0.1"', 'host = "relay.invalid"')
    answer = demo.twain("send", "summer-thanks")
    assert answer.code == 3
    assert "production switch" in answer.err
    assert "unsubscribe address" in answer.err


def test_check_names_file_and_line(demo):
    demo.edit("campaigns/summer-thanks/body.mjml", "{{ first_name", "{{ fist_name")
    answer = demo.twain("check", "--offline", "--json")
    assert answer.code == 2
    problem = next(p for p in answer.json["problems"] if p["severity"] == "error")
    assert problem["file"] == "campaigns/summer-thanks/body.mjml"
    assert problem["line"]
    assert "first" in (problem["what"] + problem["todo"]).lower()


def test_check_against_shows_what_a_contract_change_breaks(demo):
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-C", str(demo.root)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "before"]):
        subprocess.run([*git, *words], check=True)
    demo.edit("feeds/customers.odcs.yaml", "name: city", "name: town")
    answer = demo.twain("check", "--against", "HEAD", "--json")
    assert answer.code == 2
    text = str(answer.json["problems"])
    assert "Lena Hoffmann" in text
    assert "summer-thanks" in text
    assert demo.twain("check", "--against", "--upload-pack=x").code == 2
    assert demo.twain("check", "--against", "nosuch").code == 2


def test_a_workspace_from_nothing_connect_and_review(company, tmp_path):
    from tests.acceptance.conftest import Demo  # noqa: PLC0415 — only this test starts from nothing

    fresh = Demo(tmp_path / "fresh", None)
    fresh.root.mkdir()
    assert fresh.twain("init").code == 0
    shutil.copyfile(company / "data/shop.duckdb", fresh.root / "shop.duckdb")
    with (fresh.root / "twain.toml").open("a") as toml:
        toml.write('\n[sources.shop]\nkind = "duckdb"\npath = "shop.duckdb"\n')
    drafted = fresh.twain("connect", "shop", "customers", "--owner", "Priya Nair, Senior DBA", "--json")
    assert drafted.code == 0, drafted.err
    assert [d["kept"] for d in drafted.json["drafted"]] == [False]
    assert fresh.twain("feeds", "--json").json["feeds"] in (
        [],
        [{**f} for f in fresh.twain("feeds", "--json").json["feeds"]],
    )
    before = fresh.twain("check", "--offline", "--json")
    assert fresh.twain("review", "customers", "--accept", "--json").json["pending"] == 0
    feeds = fresh.twain("feeds", "--json").json["feeds"]
    assert len(feeds) == 1
    assert len(feeds[0]["fields"]) > 10
    assert before.code in (0, 2)
    kept = fresh.twain("connect", "shop", "customers", "--json").json["drafted"]
    assert [d["kept"] for d in kept] == [True]
    assert fresh.twain("connect", "shop", "nosuch").code == 2


def test_backup_and_restore_block_sends_until_reconciled(demo, tmp_path):
    assert demo.twain("suppress", "add", "x@example.com").code == 0
    assert demo.twain("backup", str(tmp_path / "kept"), "--json").code == 0
    assert (tmp_path / "kept/suppression.key").stat().st_mode & 0o077 == 0
    (demo.root / ".twain/ledger.db").rename(tmp_path / "lost.db")
    for leftover in (demo.root / ".twain").glob("ledger.db-*"):
        leftover.unlink()
    assert demo.twain("restore", str(tmp_path / "kept")).code == 0
    answer = demo.twain("send", "summer-thanks")
    assert answer.code == 3
    assert demo.messages() == 0
    assert demo.twain("reconciled").code == 3
    assert demo.twain("reconciled", "--yes").code == 0
    runs = demo.twain("runs", "--json").json["runs"]
    again = ("resume", runs[0]["run"]) if runs else ("send", "summer-thanks")
    assert demo.twain(*again, "--json").code == 0
    assert len(list(csv.DictReader(io.StringIO(demo.twain("suppress", "export").out)))) == 1


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_demo_data_is_the_same_for_the_same_seed(tmp_path: Path, company, kind):
    from tests.acceptance.conftest import Demo  # noqa: PLC0415 — only this test starts from nothing

    place = Demo(tmp_path, None)
    made = [
        place.twain("demo-data", "--customers", "50", "--seed", "3", "--to", f"{kind}:{n}.db", "--json").json
        for n in "ab"
    ]
    assert made[0] == made[1]
    assert made[0]["rows"]["customers"] == 50
    assert made[0]["rows"]["orders"] == 250
    assert place.twain("demo-data", "--to", "oracle:x").code == 2


def _deliveries(demo):
    with duckdb.connect() as con:
        files = [str(f) for f in (demo.root / ".twain/history").rglob("*.parquet") if "deliver" in str(f)]
        found = con.execute("select key from read_parquet(?)", [files]).fetchall()
    return [{"key": row[0]} for row in found]


def _addresses(demo):
    with duckdb.connect(str(demo.root / "data/shop.duckdb"), read_only=True) as shop:
        return [row[0] for row in shop.execute("select email from customers where email like '%@%.%'").fetchall()]


def test_rows_read_again_at_send_obey_what_changed_since(demo):
    at_send = "  - property: twain.freshnessMode\n    value: at_send\n  - property: twain.owner"
    demo.edit("feeds/customers.odcs.yaml", "  - property: twain.owner", at_send)
    demo.edit("campaigns/summer-thanks/campaign.toml", "holdout = 0.05", "holdout = 0.0")
    demo.edit("twain.toml", f"port = {demo.sink.port}", 'give_up_after = "1s"\nport = 1')
    demo.twain("send", "summer-thanks")
    run = demo.twain("runs", "--json").json["runs"][0]
    assert run["state"] == "paused"
    withdrawn, gone, renamed, moved = _frozen_people(demo, 4)
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("update customers set newsletter_consent = false where customer_id = ?", [withdrawn])
        shop.execute("update customers set first_name = 'Quintessa' where customer_id = ?", [renamed])
        shop.execute("update customers set email = 'elsewhere@example.com' where customer_id = ?", [moved])
        shop.execute("update orders set ordered_at = '2001-01-01' where customer_id = ?", [gone])
        shop.execute("update visits set visited_at = '2001-01-01' where customer_id = ?", [gone])
    demo.edit("twain.toml", 'give_up_after = "1s"\nport = 1', f"port = {demo.sink.port}")
    books = demo.twain("resume", run["run"], "--json").json
    assert books["state"] == "finished"
    assert books["suppressed"] == {"consent": 1, "left": 2}
    assert demo.messages() == books["sent"] == books["audience"] - 3
    assert [p.name for p in demo.kept() if b"Quintessa" in p.read_bytes()]


def _frozen_people(demo, count):
    """Keys of people who are surely in the frozen audience: matched, consenting, with a plain address of their own."""
    sample = demo.twain("audience", "sample", "summer-thanks", "--limit", "100", "--json").json["people"]
    with duckdb.connect(str(demo.root / "data/shop.duckdb"), read_only=True) as shop:
        plain = shop.execute(
            "select customer_id::text from customers where newsletter_consent and regexp_full_match(email, '[a-z0-9.]+@[a-z.]+') "
            "and lower(email) in (select lower(email) from customers group by lower(email) having count(*) = 1)"
        ).fetchall()
    sure = {row[0] for row in plain}
    return [int(p["key"]) for p in sample if p["key"] in sure][:count]


def test_two_worker_processes_send_to_everybody_once(demo):
    books = demo.twain("send", "summer-thanks", "--workers", "2", "--json")
    assert books.code == 0, books.err
    assert books.json["sent"] == books.json["audience"] == demo.messages()
    names = [p.read_bytes().split(b"\r\n\r\n")[0] for p in demo.kept()]
    ids = [line for head in names for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:")]
    assert len(set(ids)) == len(ids) == demo.messages()


def test_an_error_nobody_foresaw_never_shows_a_drivers_words(sent, monkeypatch):
    def fails(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.delenv("TWAIN_DEBUG", raising=False)
    monkeypatch.setattr("twain.cli.audience.count_flow", fails)
    for words in (("audience", "count", "summer-thanks"), ("audience", "count", "summer-thanks", "--json")):
        answer = sent.twain(*words)
        assert answer.code == 1
        assert "hunter2" not in answer.out + answer.err
        assert "RuntimeError" in answer.out + answer.err
    monkeypatch.setenv("TWAIN_DEBUG", "1")
    with pytest.raises(RuntimeError):
        sent.twain("audience", "count", "summer-thanks")


def test_an_audience_that_jumped_since_it_was_counted_is_held(demo):
    seen = demo.twain("audience", "count", "summer-thanks", "--json").json["audience"]
    demo.edit("policy.toml", "max_jump = 1.0", "max_jump = 0.3")
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("update customers set newsletter_consent = false where customer_id % 2 = 0")
    answer = demo.twain("send", "summer-thanks")
    assert answer.code == 3
    assert f"{seen}" in answer.err
    assert demo.messages() == 0
    demo.twain("audience", "count", "summer-thanks")
    run = demo.twain("runs", "--json").json["runs"][0]
    assert demo.twain("resume", run["run"], "--json").code == 0
