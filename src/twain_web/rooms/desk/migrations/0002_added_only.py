"""Events and promises are never rewritten: the database itself refuses, whoever asks."""

from typing import Any

from django.db import migrations

_TABLES = ("desk_room_event", "desk_room_promise")
_SQLITE = """
CREATE TRIGGER {table}_added_only BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END
"""
_POSTGRES = """
CREATE FUNCTION {table}_added_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{table} is only added to'; END $$;
CREATE TRIGGER {table}_added_only BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_added_only()
"""


def refuse(_apps: Any, schema_editor: Any) -> None:  # noqa: ANN401 — Django's signature
    """Put the triggers there."""
    text = _POSTGRES if schema_editor.connection.vendor == "postgresql" else _SQLITE
    for table in _TABLES:
        schema_editor.execute(text.format(table=table))


def allow(_apps: Any, schema_editor: Any) -> None:  # noqa: ANN401
    """Take them away."""
    postgres = schema_editor.connection.vendor == "postgresql"
    for table in _TABLES:
        schema_editor.execute(f"DROP TRIGGER {table}_added_only" + (f" ON {table}" if postgres else ""))
        if postgres:
            schema_editor.execute(f"DROP FUNCTION {table}_added_only()")


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = [("desk_room", "0001_initial")]
    operations = [migrations.RunPython(refuse, allow)]
