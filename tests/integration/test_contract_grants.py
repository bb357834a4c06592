"""The grants a contract yields, run in a real PostgreSQL: the role reads what is reviewed, and nothing else."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.conftest import fresh_database
from tests.feed_contracts import CUSTOMER, feed_of
from twain.feeds.grants import grants

_ROLE = "twain_grants_test"


@pytest.fixture
def shop(postgres_url):
    with fresh_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(_ROLE)))
        admin.execute("CREATE SCHEMA sales")
        admin.execute(
            'CREATE TABLE sales.customers (customer_id bigint PRIMARY KEY, "FirstName" text, "Email" text,'
            ' "ChangedAt" timestamptz, "Salary" numeric)'
        )
        admin.execute(sql.SQL("GRANT ALL ON sales.customers TO {}").format(sql.Identifier(_ROLE)))
        yield admin
        admin.execute(sql.SQL("RESET ROLE; DROP OWNED BY {}").format(sql.Identifier(_ROLE)))
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(_ROLE)))


def test_the_role_reads_reviewed_columns_and_nothing_else(shop):
    for statement in grants(feed_of(CUSTOMER), _ROLE):
        shop.execute(statement)
    shop.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(_ROLE)))
    assert shop.execute('SELECT customer_id, "FirstName", "Email", "ChangedAt" FROM sales.customers').fetchall() == []
    for refused in (
        'SELECT "Salary" FROM sales.customers',
        "SELECT * FROM sales.customers",
        "SELECT to_json(customers) FROM sales.customers",
        "INSERT INTO sales.customers VALUES (1)",
        "DELETE FROM sales.customers",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shop.execute(refused)
