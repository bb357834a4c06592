"""The benchmark runner: what it finds, prints and returns; and that comparisons are fair."""

import json
from types import ModuleType

import pytest

from benchmarks import __main__ as runner
from benchmarks.report import Bar, Report, interleave


def _benchmark(report: Report) -> ModuleType:
    module = ModuleType("made", doc="Shows something.\n\nMore.")
    module.run = lambda options: report  # type: ignore[attr-defined]
    return module


def _report(value: float) -> Report:
    report = Report("made", figures={"rows": 1200, "engine": "x"}, ratios={"ours : theirs": 1.1})
    report.at_most("ours : theirs", value, 1.15)
    return report


def test_json_has_name_figures_ratios_and_bars():
    assert json.loads(_report(1.1).as_json()) == {
        "name": "made",
        "figures": {"rows": 1200, "engine": "x"},
        "ratios": {"ours : theirs": 1.1},
        "bars": {"ours : theirs": {"value": 1.1, "bar": 1.15, "holds": True}},
    }


@pytest.mark.parametrize(("value", "code"), [(1.1, 0), (1.2, 1), (float("nan"), 1)])
def test_exit_is_zero_only_if_every_bar_holds(monkeypatch, capsys, value, code):
    monkeypatch.setattr(runner, "found", lambda: {"made": _benchmark(_report(value))})
    assert runner.main(["made"]) == code
    assert ("holds" in capsys.readouterr().out) is (code == 0)


def test_list_names_each_with_its_first_line(monkeypatch, capsys):
    monkeypatch.setattr(runner, "found", lambda: {"made": _benchmark(_report(1.0))})
    assert runner.main(["list"]) == 0
    assert capsys.readouterr().out == "made         Shows something.\n"


def test_every_module_with_run_is_found_and_the_runner_is_not():
    assert "audience" in runner.found()
    assert "report" not in runner.found()


def test_bars_point_both_ways():
    assert Bar(2.0, 1.0, at_least=True).holds
    assert not Bar(2.0, 1.0).holds


def test_interleave_alternates_who_goes_first_and_takes_medians():
    calls: list[str] = []
    figures = {"a": iter([9.0, 1.0, 2.0, 3.0, 4.0, 100.0]), "b": iter([9.0, 5.0, 5.0, 5.0, 5.0, 5.0])}

    def work(name: str) -> float:
        calls.append(name)
        return next(figures[name])

    assert interleave(lambda: work("a"), lambda: work("b")) == (3.0, 5.0)
    assert calls == list("ab" + "ab" + "ba" + "ab" + "ba" + "ab")


def test_fewer_than_five_rounds_are_refused():
    with pytest.raises(ValueError, match="five"):
        interleave(lambda: 1.0, rounds=4)
