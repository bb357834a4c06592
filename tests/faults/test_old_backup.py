"""F10: restored from a backup older than an unsubscription: nothing goes before suppression is complete, and they get nothing."""

import shutil

import duckdb


def _two_addresses(demo):
    with duckdb.connect(str(demo.root / "data/shop.duckdb"), read_only=True) as shop:
        found = shop.execute("select customer_id::text, email from customers").fetchall()
    emails = dict(found)
    rows = demo.twain("audience", "sample", "summer-thanks", "--limit", "100", "--json").json["people"]
    good = [emails[str(row["key"])] for row in rows if (emails[str(row["key"])] or "").count("@") == 1]
    return [address for address in good if address.isascii()][:40]


def test_nobody_who_unsubscribed_after_the_backup_is_mailed(demo, tmp_path):
    before, *after = _two_addresses(demo)
    assert len(after) > 10
    assert demo.twain("suppress", "add", before).code == 0
    assert demo.twain("backup", str(tmp_path / "kept")).code == 0
    assert demo.twain("suppress", "add", *after).code == 0
    assert demo.twain("suppress", "export", str(tmp_path / "known.csv")).code == 0
    shutil.rmtree(demo.root / ".twain")
    shutil.copyfile(tmp_path / "kept/suppression.key", _state(demo) / "suppression.key")
    (demo.root / ".twain/suppression.key").chmod(0o600)
    assert demo.twain("restore", str(tmp_path / "kept")).code == 0
    for words in (
        ("send", "summer-thanks"),
        ("send", "summer-thanks", "--to", "2"),
        ("send", "summer-thanks", "--limit", "1"),
    ):
        assert demo.twain(*words).code in (2, 3)  # 2: the first one, held, is not over
    assert demo.messages() == 0
    assert demo.twain("suppress", "import", str(tmp_path / "known.csv")).code == 0
    assert demo.twain("reconciled", "--yes").code == 0
    runs = [run for run in demo.twain("runs", "--json").json["runs"] if run["state"] in ("held", "planned", "paused")]
    again = ("resume", runs[0]["run"]) if runs else ("send", "summer-thanks")
    assert demo.twain(*again, "--json").code == 0
    if runs:
        demo.twain("send", "summer-thanks", "--json")
    mailed = b"".join(path.read_bytes() for path in demo.kept()).lower()
    assert demo.messages() > 0
    assert [one for one in (before, *after) if b"to: " + one.lower().encode() in mailed] == []


def _state(demo):
    state = demo.root / ".twain"
    state.mkdir(mode=0o700)
    return state
