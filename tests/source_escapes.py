"""Attempts to get out of a SELECT: templates × tricks, per dialect. Each is refused by the guard, and harmless without it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

#: Where the engine itself would only be asked for a gigabyte: the guard's business, and the memory limit's.
BOMBS = ("repeat(", "lpad(", "list_transform(", "repeat_row(")


@dataclass(frozen=True)
class Bait:
    """What an escape tries to reach: a file to write, a file to read, a port to call."""

    out: Path
    secret: Path
    port: int


_EXPRESSION_TRICKS = (
    "SELECT {e} FROM people",
    "SELECT id FROM people WHERE ({e}) IS NOT NULL",
    "WITH x AS (SELECT {e} AS v FROM people) SELECT v FROM x",
    "SELECT id FROM people UNION ALL SELECT ({e})",
    "SELECT/**/id/**/FROM/**/people/**/ORDER/**/BY/**/({e})",
    "SELECT CASE WHEN id = 1 THEN NULL ELSE ({e}) END FROM people -- harmless",
)
_STATEMENT_TRICKS = (
    "{s}",
    "SELECT id FROM people; {s}",
    "/* twain */ {s} --",
    "WITH x AS ({s}) SELECT * FROM x",
    "SELECT id FROM people WHERE id IN ({s})",
    "EXPLAIN ANALYZE {s}",
    "(({s}))",
)
_TABLE_TRICKS = (
    "SELECT * FROM {t}",
    "SELECT p.id FROM people p JOIN {t} ON TRUE",
    "SELECT id FROM people WHERE EXISTS (SELECT 1 FROM {t})",
    "WITH people AS (SELECT * FROM {t}) SELECT * FROM people",
    "SELECT p.id FROM people p, LATERAL (SELECT * FROM {t}) q",
    "SELECT id FROM people EXCEPT SELECT 1 FROM {t}",
)


def postgres(bait: Bait) -> list[str]:
    """At least 300 for PostgreSQL."""
    expressions = [
        f"pg_read_file('{bait.secret}')",
        f"\"pg_read_file\"('{bait.secret}')",
        f"pg_catalog.pg_read_file('{bait.secret}')",
        f"PG_READ_BINARY_FILE('{bait.secret}')",
        f"pg_stat_file('{bait.secret}')",
        "pg_ls_dir('/')",
        f"lo_import('{bait.secret}')",
        f"lo_export(1, '{bait.out}')",
        "lo_create(4711)",
        "lo_from_bytea(4712, 'x')",
        "lo_unlink(1)",
        "set_config('default_transaction_read_only', 'off', false)",
        "set_config('transaction_read_only', 'off', true)",
        "current_setting('data_directory')",
        "pg_sleep(60)",
        "pg_advisory_lock(1)",
        "pg_terminate_backend(pg_backend_pid())",
        "pg_cancel_backend(1)",
        "pg_reload_conf()",
        "pg_notify('x', 'y')",
        "nextval('people_seq')",
        "setval('people_seq', 99)",
        "query_to_xml('DELETE FROM people', true, true, '')",
        "table_to_xml('people', true, true, '')",
        "database_to_xml(true, true, '')",
        f"dblink('port={bait.port} host=127.0.0.1', 'SELECT 1')",
        f"dblink_exec('port={bait.port} host=127.0.0.1', 'DELETE FROM people')",
        "pg_logical_emit_message(true, 'x', 'y')",
        "txid_current()",
        "repeat('x', 1000000000)",
        "pg_file_write('x', 'y', true)",
        "(SELECT sum(x) FROM generate_series(1, 100000000000) x)",
        "(SELECT passwd FROM pg_shadow LIMIT 1)",
        "'pg_authid'::regclass",
        "has_table_privilege('inner_data.people', 'SELECT')",
        "inner_data.secret_writer()",
        "secret_writer()",
        "current_user",
    ]
    statements = [
        "DELETE FROM people",
        "DELETE FROM people RETURNING id",
        "INSERT INTO people (id) VALUES (666) RETURNING id",
        "UPDATE people SET name = 'x' RETURNING id",
        "UPDATE inner_data.people SET name = 'x' RETURNING id",
        "DROP TABLE inner_data.people CASCADE",
        "TRUNCATE inner_data.people",
        "CREATE TABLE stolen AS SELECT * FROM people",
        "CREATE TEMP TABLE stolen AS SELECT * FROM people",
        "SELECT * INTO stolen FROM people",
        "SELECT id INTO TEMP stolen FROM people",
        "SELECT id FROM people FOR UPDATE",
        "SELECT id FROM people FOR SHARE SKIP LOCKED",
        f"COPY people TO '{bait.out}'",
        f"COPY (SELECT * FROM people) TO PROGRAM 'cat > {bait.out}'",
        f"COPY inner_data.people FROM '{bait.secret}'",
        "SET default_transaction_read_only = off",
        "SET TRANSACTION READ WRITE",
        "SET SESSION AUTHORIZATION postgres",
        "SET ROLE postgres",
        "RESET ALL",
        "COMMIT",
        "ROLLBACK",
        "DO $$ BEGIN DELETE FROM people; END $$",
        "CALL pg_sleep(1)",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "GRANT ALL ON inner_data.people TO PUBLIC",
        "LOCK TABLE people IN ACCESS EXCLUSIVE MODE",
        "LISTEN x",
        "VACUUM",
        "PREPARE s AS DELETE FROM people",
        "DECLARE c CURSOR FOR DELETE FROM people RETURNING id",
        "MERGE INTO people p USING people q ON p.id = q.id WHEN MATCHED THEN DELETE",
        f"CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{bait.port}')",
        "CREATE EXTENSION dblink",
        f"LOAD '{bait.secret}'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "REFRESH MATERIALIZED VIEW people",
        "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO public",
        "WITH gone AS (DELETE FROM people RETURNING id) SELECT * FROM gone",
        "TABLE pg_authid",
    ]
    tables = [
        "pg_shadow",
        "pg_catalog.pg_authid",
        "information_schema.tables",
        "pg_stat_activity",
        "inner_data.people",
        'inner_data."people"',
        '"PEOPLE"',
        "other.public.people",
        "generate_series(1, 100000000000) g",
        "pg_ls_dir('/') g",
        f"pg_read_file('{bait.secret}') g",
        f"dblink('port={bait.port} host=127.0.0.1', 'SELECT 1') AS g (x int)",
        "secret_writer() g",
        "ROWS FROM (pg_ls_dir('/')) g",
        "people TABLESAMPLE SYSTEM (1)",
        "ONLY people",
        "unnest(ARRAY[1]) g",
        "json_to_recordset('[]') AS g (x int)",
        "(TABLE pg_authid) g",
        "(DELETE FROM people RETURNING id) g",
    ]
    return _multiplied(expressions, statements, tables)


def duckdb(bait: Bait) -> list[str]:
    """At least 300 for DuckDB."""
    expressions = [
        "getenv('HOME')",
        "current_setting('memory_limit')",
        "nextval('people_seq')",
        "repeat('x', 1000000000)",
        "lpad('x', 1000000000, 'y')",
        f"(SELECT content FROM read_text('{bait.secret}'))",
        f"(SELECT content FROM read_blob('{bait.secret}'))",
        "(SELECT count(*) FROM range(100000000000))",
        "(SELECT count(*) FROM glob('/etc/*'))",
        "(SELECT sql FROM duckdb_tables() LIMIT 1)",
        "query('DELETE FROM people')",
        "query_table('people')",
        "write_log('x')",
        "sleep_ms(60000)",
        "pg_sleep(60)",
        "getvariable('x')",
        "random()",
        "uuid()",
        "version()",
        "current_database()",
        "list_transform(range(1000000000), x -> x)",
        "json_execute_serialized_sql('x')",
        "json_serialize_sql('SELECT 1')",
        "\"getenv\"('HOME')",
        "main.getenv('HOME')",
        "system.main.getenv('HOME')",
        "COLUMNS('.*')",
        "txid_current()",
        "which_secret('x', 's3')",
        "encode(repeat('x', 1000000000))",
    ]
    statements = [
        "DELETE FROM people",
        "DELETE FROM people RETURNING id",
        "INSERT INTO people (id) VALUES (666)",
        "UPDATE people SET name = 'x'",
        "DROP TABLE people",
        "TRUNCATE people",
        "CREATE TABLE stolen AS SELECT * FROM people",
        "CREATE TEMP TABLE stolen AS SELECT * FROM people",
        "CREATE OR REPLACE MACRO lower(x) AS 'y'",
        "CREATE SECRET (TYPE s3)",
        f"COPY people TO '{bait.out}'",
        f"COPY (SELECT * FROM people) TO '{bait.out}' (FORMAT parquet)",
        f"COPY people FROM '{bait.secret}'",
        f"EXPORT DATABASE '{bait.out}'",
        f"IMPORT DATABASE '{bait.secret.parent}'",
        f"ATTACH '{bait.out}' AS stolen",
        f"ATTACH 'http://127.0.0.1:{bait.port}/x.duckdb' AS stolen",
        f"ATTACH 'host=127.0.0.1 port={bait.port}' AS stolen (TYPE postgres)",
        "INSTALL httpfs",
        f"INSTALL httpfs FROM 'http://127.0.0.1:{bait.port}'",
        "LOAD httpfs",
        f"LOAD '{bait.secret}'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET GLOBAL memory_limit = '100GB'",
        f"SET temp_directory = '{bait.out}'",
        f"SET custom_extension_repository = 'http://127.0.0.1:{bait.port}'",
        "RESET lock_configuration",
        f"PRAGMA log_query_path = '{bait.out}'",
        "PRAGMA enable_profiling",
        f"PRAGMA profiling_output = '{bait.out}'",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CALL dbgen(sf = 100)",
        "CHECKPOINT",
        "FORCE CHECKPOINT",
        "VACUUM",
        "USE memory",
        "COMMIT",
        "ROLLBACK",
        "PREPARE s AS DELETE FROM people",
        "EXECUTE s",
        "DESCRIBE people",
        "SHOW TABLES",
        "SUMMARIZE people",
        "DETACH shop",
        "ALTER TABLE people ADD COLUMN x INT",
        "COMMENT ON TABLE people IS 'x'",
        "SET VARIABLE x = 1",
    ]
    tables = [
        f"read_csv('{bait.secret}')",
        f"read_csv_auto('{bait.secret}')",
        f"read_text('{bait.secret}')",
        f"READ_BLOB('{bait.secret}')",
        f"read_json('{bait.secret}')",
        f"read_json_objects('{bait.secret}')",
        f"parquet_scan('{bait.secret}')",
        f"sniff_csv('{bait.secret}')",
        f"'{bait.secret}'",
        f'"{bait.secret}"',
        f"'http://127.0.0.1:{bait.port}/x.csv'",
        f"read_csv('http://127.0.0.1:{bait.port}/x.csv')",
        f"sqlite_scan('{bait.secret}', 'people')",
        f"postgres_scan('host=127.0.0.1 port={bait.port}', 'public', 'people')",
        "glob('/etc/*')",
        "range(100000000000)",
        "generate_series(1, 100000000000)",
        "duckdb_settings()",
        "duckdb_secrets()",
        "duckdb_extensions()",
        "pragma_database_size()",
        "information_schema.tables",
        "pg_catalog.pg_class",
        "sqlite_master",
        "query('SELECT 1')",
        "query_table('secrets')",
        "secrets",
        "main.secrets",
        "canary_frame",
        "unnest([1, 2])",
        "repeat_row(1, num_rows = 1000000000)",
        "(DESCRIBE people)",
        "(SHOW TABLES)",
    ]
    return _multiplied(expressions, statements, tables)


def _is_trick(trick: str, statement: str) -> bool:
    """One word in a list of values, such as ``id IN (COMMIT)``, names a column: no escape."""
    return " IN (" not in trick or " " in statement


def _multiplied(expressions: list[str], statements: list[str], tables: list[str]) -> list[str]:
    made = [trick.format(e=e) for trick, e in product(_EXPRESSION_TRICKS, expressions)]
    made += [trick.format(s=s) for trick, s in product(_STATEMENT_TRICKS, statements) if _is_trick(trick, s)]
    made += [trick.format(t=t) for trick, t in product(_TABLE_TRICKS, tables)]
    return list(dict.fromkeys(made))
