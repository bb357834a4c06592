"""A ledger from before opt-outs had scopes: whoever was suppressed stays so, for everything, and one click's is theirs."""

import sqlite3
from contextlib import closing

from twain.ledger.migrations import SQLITE_WORDS, load_migrations
from twain.ledger.stores import open_ledger


def test_nobody_is_lost_on_the_way_to_scopes(tmp_path):
    file = tmp_path / "ledger.db"
    with closing(sqlite3.connect(file)) as old:
        for migration in load_migrations(SQLITE_WORDS):
            if migration.number <= 3:
                for statement in migration.statements:
                    old.execute(statement)
        rows = [(b"a" * 32, "unsubscribed", "one-click:r1.1.7", 5.0, 1), (b"b" * 32, "hard bounce", "mail", 6.0, 2)]
        old.executemany("insert into suppression (address_hash, reason, origin, at, seq) values (?, ?, ?, ?, ?)", rows)
        old.execute("update counters set value = 2 where name = 'suppression'")
        old.execute("pragma user_version = 3")
        old.commit()
    with closing(open_ledger(f"sqlite:///{file}")) as ledger:
        kept = [(s.address_hash[:1], s.reason, s.at, s.seq, s.scope, s.until, s.own) for s in ledger.suppressions()]
        assert kept == [
            (b"a", "unsubscribed", 5.0, 1, "all", None, True),
            (b"b", "hard bounce", 6.0, 2, "all", None, False),
        ]
        assert ledger.suppressed_since(0) == ([b"a" * 32, b"b" * 32], 2)
        assert ledger.take_back(b"b" * 32, ["all"]) == 0
        assert ledger.take_back(b"a" * 32, ["all"]) == 1
