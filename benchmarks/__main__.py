"""``python -m benchmarks list`` names them; ``python -m benchmarks <name> [--json]`` runs one, exit 0 only if every bar holds."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType

import benchmarks


def found() -> dict[str, ModuleType]:
    """Every module of this folder that has a ``run``, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_"))
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def parser(modules: dict[str, ModuleType]) -> argparse.ArgumentParser:
    """The command line: one sub-command per benchmark, each with its own options."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Twain against peers and limits.")
    commands = top.add_subparsers(dest="name", required=True, metavar="NAME")
    commands.add_parser("list", help="name them")
    for name, module in modules.items():
        one = commands.add_parser(name, help=_about(module), description=module.__doc__)
        one.add_argument("--json", action="store_true", help="one JSON object in place of the table")
        one.add_argument("--scale", type=float, default=1.0, help="size as a share of the full one (default 1)")
        one.add_argument("--rounds", type=int, default=5, help="measured rounds, at least 5")
        if hasattr(module, "arguments"):
            module.arguments(one)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names; 0 if every bar holds, 1 if one is missed."""
    modules = found()
    options = parser(modules).parse_args(arguments)
    if options.name == "list":
        print("\n".join(f"{name:<12} {_about(module)}" for name, module in modules.items()))
        return 0
    report = modules[options.name].run(options)
    print(report.as_json() if options.json else report.as_table())
    return 0 if report.holds else 1


def _about(module: ModuleType) -> str:
    return (module.__doc__ or "").strip().split("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
