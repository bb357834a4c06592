"""The page of the twelve flows names stories that are there, at least one for each flow, and leaves none of them out."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| [^|]+ \| `(tests/browser/test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)


def stories(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        f"{file.relative_to(ROOT)}::{one.name}" for one in tree.body if getattr(one, "name", "").startswith("test_")
    }


def test_each_of_the_twelve_flows_has_a_story_that_is_there():
    rows = ROW.findall((ROOT / "docs" / "twelve-flows.md").read_text(encoding="utf-8"))
    named = {f"{file}::{test}" for _, file, test in rows}
    files = sorted((ROOT / "tests" / "browser").glob("test_*.py"))
    there = {story for file in files for story in stories(file)}
    assert sorted(named - there) == []
    assert {int(number) for number, _, _ in rows} == set(range(1, 13))
    assert {one for one in there if "/test_flow_" in one} <= named
