"""IT's files in requests/: each is read whole, and what is wrong is said with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from twain.errors import ConfigError
from twain.flows.request_types import load_request_types, read_request_type
from twain.flows.workspace import load_workspace

GOOD = """
title = "A new field"
explain = "Something more."
change = "normal"
probe = "column"
respond_within = "4 hours"
procedure = ["Somebody looks.", "It is there."]

[estimate]
name = "Priya Nair"
title = "Senior DBA"
at_least_days = 2
at_most_days = 6
"""


@pytest.fixture
def typed(tmp_path):
    (tmp_path / "requests").mkdir()

    def write(text: str, name: str = "new-field") -> Path:
        path = tmp_path / "requests" / f"{name}.toml"
        path.write_text(text)
        return path

    return write


def test_a_whole_file_is_read(typed):
    one = read_request_type(typed(GOOD))
    assert (one.name, one.probe, one.respond_hours, one.procedure[1]) == ("new-field", "column", 4.0, "It is there.")
    assert (str(one.estimate.by), one.estimate.at_most_days) == ("Priya Nair, Senior DBA", 6.0)


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        ('change = "normal"', 'change = "urgent"', "change must be one of", 4),
        ('probe = "column"', 'probe = "magic"', "probe must be one of", 5),
        ('respond_within = "4 hours"', 'respond_within = "soon"', "not a working time", 6),
        ('["Somebody looks.", "It is there."]', "[]", "procedure must be", 7),
        ("at_most_days = 6", "at_most_days = 1", "ends before it begins", 13),
        ("at_least_days = 2", "at_least_days = true", "number of working days", 12),
        ('title = "A new field"', 'title = "  "', "title must be a line of text", 2),
        ('title = "A new field"', 'title = "A new field"\npriority = 1', "priority is not known", 3),
    ],
)
def test_what_is_wrong_is_said_at_its_line(typed, old, new, says, line):
    with pytest.raises(ConfigError, match=says) as caught:
        read_request_type(typed(GOOD.replace(old, new)))
    assert (caught.value.shown_code, caught.value.place.line) == ("T920", line)


def test_a_wrong_file_leaves_the_others_in_force(typed, tmp_path):
    typed(GOOD)
    typed("title = ", name="broken")
    types, problems = load_request_types(tmp_path)
    assert list(types) == ["new-field"]
    assert [(p.severity, p.code, p.place.file) for p in problems] == [("error", "T920", "requests/broken.toml")]


def test_twain_check_reads_them(typed, tmp_path):
    (tmp_path / "twain.toml").write_text('[workspace]\nname = "x"\n')
    typed(GOOD.replace("column", "magic"))
    assert [p.code for p in load_workspace(tmp_path).problems] == ["T920"]
