"""The house's own rules: short files, short functions, rooms named after what they do, walls around all of them."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
LONGEST_FILE, LONGEST_FUNCTION = 500, 40
SHAPELESS = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base", "core"}


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def own_lines(function) -> int:
    """A function's lines without its docstring: explaining is not what makes it long."""
    first = function.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = first.end_lineno - first.lineno + 1 if documented else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_there_is_something_to_look_at():
    assert len(SOURCES) > 50
    assert len(TESTS) > 20


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=shown)
def test_a_file_is_one_room(path):
    lines = sum(bool(line.strip()) for line in path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{shown(path)} has {lines} lines: it is two rooms"


def test_functions_are_short():
    long = {
        f"{shown(p)}:{f.lineno} {f.name}": own_lines(f)
        for p in SOURCES
        for f in functions(p)
        if own_lines(f) > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_module_is_named_after_nothing():
    assert [shown(p) for p in SOURCES if p.stem in SHAPELESS or p.parent.name in SHAPELESS] == []


def test_every_package_stands_in_the_walls():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    inside = {name.strip() for layer in layers["layers"] for name in layer.split("|")} | set(
        layers["exhaustive_ignores"]
    )
    there = {p.stem for p in (ROOT / "src" / "twain").iterdir() if (p / "__init__.py").exists() or p.suffix == ".py"}
    assert layers["exhaustive"] is True
    assert there - {"__init__"} <= inside


def test_no_wall_has_a_hole():
    """Nothing is let through but a room's public face, which is there to be looked at, and drivers to one more adapter."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    let_through = {hole for contract in contracts for hole in contract.get("ignore_imports", [])}
    rooms = {p.name for p in (ROOT / "src" / "twain_web" / "rooms").iterdir() if (p / "__init__.py").exists()}
    faces = {f"** -> twain_web.rooms.{room}.public" for room in rooms}
    drivers = {f"twain.delivery.intakes.table -> {driver}" for driver in ("duckdb", "psycopg", "sqlite3")}
    assert let_through == faces | drivers


def test_every_module_says_what_it_is_for():
    silent = [
        shown(p)
        for p in SOURCES
        if p.name != "__init__.py"
        and p.parent.name != "migrations"
        and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert silent == []


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=shown)
def test_nothing_is_left_undone(path):
    """No stub, no postponed work, no test that is switched off."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
    switched_off = {"NotImplementedError", "pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}
    assert not names & switched_off, shown(path)
    postponed = re.compile(r"#.*\b(TO" r"DO|FIX" r"ME)\b")
    assert not postponed.search(path.read_text(encoding="utf-8")), shown(path)


@pytest.mark.parametrize("path", [p for p in TESTS if p.is_relative_to(ROOT / "tests")], ids=shown)
def test_no_test_sleeps(path):
    called = {
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert "time.sleep" not in called, f"{shown(path)}: wait for the thing itself, or move the clock"


def test_test_modules_have_names_of_their_own():
    names = [p.stem for p in TESTS if p.stem.startswith("test_")]
    assert sorted(names) == sorted(set(names))
