"""A command loads what it needs, and no other command's libraries: the table of commands says where each one lies."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.main import get_command, get_group

from twain.cli import rooms
from twain.cli.app import app

FILES = sorted(
    path.stem
    for path in Path(rooms.__file__).parent.glob("*.py")
    if "\ndef register(app: typer.Typer)" in path.read_text(encoding="utf-8")
)
HEAVY = {"adbc_driver_manager", "babel", "django", "dns", "duckdb", "holidays", "icalendar", "jsonschema", "liquid",
         "numpy", "psycopg", "pyarrow", "rich", "sqlglot"}  # fmt: skip


def loaded_by(*words: str) -> set[str]:
    """The heavy libraries that a real process has loaded when a command ends."""
    code = (
        "import json, sys\nfrom twain.cli.app import main\ntry:\n    main()\nexcept SystemExit:\n"
        "    print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("file", FILES)
def test_the_table_has_every_command_of_a_file(file):
    room = typer.Typer()
    import_module(f"twain.cli.{file}").register(room)
    assert set(get_group(room).commands) == {*rooms.COMMANDS.get(file, ()), *rooms.GROUPS.get(file, ())}


def test_no_file_is_missing_and_no_name_is_taken_twice():
    assert sorted({*rooms.COMMANDS, *rooms.GROUPS}) == FILES
    names = list(get_command(app).commands)
    assert sorted(set(names)) == sorted(names)
    assert {"send", "up", "desk", "capacity"} <= set(names)
    assert len(get_command(app).commands) == len(names)


def test_commands_are_named_in_the_table_only():
    with pytest.raises(TypeError, match="named in"):
        get_command(app).commands["more"] = object()
    with pytest.raises(TypeError, match="named in"):
        del get_command(app).commands["send"]


def test_a_version_is_said_without_any_of_it():
    assert loaded_by("--version") == set()
