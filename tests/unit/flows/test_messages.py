"""A shard's rows as messages: each by its own arm's program, and one that cannot be built fails alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.errors import ContentError
from twain.flows.messages import OpenedShard, RunMessages
from twain.records import SHARD_FIELDS, Fate, Outcome, Run, RunState, Shard, Stamp
from twain.returns.tokens import TokenMint, parse_message_id
from twain.vault import KeyRing


class Clock:
    def now(self) -> float:
        return 1_800_000_000.0

    def boottime(self) -> float:
        return 0.0


class Program:
    """Says who it is and whom it writes to; cannot write to anybody named in *impossible*."""

    columns = ("name",)
    links = ()

    def __init__(self, title: str, impossible: set[str]) -> None:
        self.title, self.impossible = title, impossible

    def render(self, rows: Mapping[str, Sequence[Any]], stamps: Sequence[Stamp]) -> Iterator[bytes]:
        assert len(rows["address"]) == len(rows["name"]) == len(stamps)
        for name, stamp in zip(rows["name"], stamps, strict=True):
            if name in self.impossible:
                raise ContentError(f"{name} cannot be built")
            yield f"{self.title} {name} {stamp.message_id.decode()}".encode()


def opened(arms: list[int], impossible: set[str], programs: int = 2) -> OpenedShard:
    run = Run("r1", "b", "c", RunState.SENDING, "mail", "never_twice", "p", 0.0)
    made = [Program(f"arm{n}", impossible) for n in range(programs)]
    mint = TokenMint(KeyRing(1, {1: b"k" * 32}))
    messages = RunMessages(run, b"", made, mint, "news@example.com", Clock())
    names = [f"n{row}" for row in range(len(arms))]
    columns = [names, [f"{n}@example.com" for n in names], [bytes(32)] * len(arms), arms, names]
    schema = pa.schema([*SHARD_FIELDS, pa.field("name", pa.string())])
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)
    return OpenedShard(messages, Shard("r1", 3, len(arms), "*", "", ""), table)


@given(arms=st.lists(st.integers(0, 1), min_size=1, max_size=40), data=st.data())
def test_every_row_has_its_own_message_or_its_own_failure(arms, data):
    impossible = data.draw(st.sets(st.sampled_from([f"n{row}" for row in range(len(arms))])))
    rows = data.draw(st.lists(st.integers(0, len(arms) - 1), unique=True, max_size=len(arms)))
    made = list(opened(arms, impossible).render(rows))
    assert [m.row if isinstance(m, Outcome) else m[0] for m in made] == rows
    for one, row in zip(made, rows, strict=True):
        if f"n{row}" in impossible:
            assert isinstance(one, Outcome)
            assert (one.fate, one.reason) == (Fate.FAILED, "render")
        else:
            _, recipient, message = one
            assert recipient == f"n{row}@example.com".encode()
            title, name, message_id = message.decode().split(" ")
            assert (title, name) == (f"arm{arms[row]}", f"n{row}")
            assert (parse_message_id(message_id).shard, parse_message_id(message_id).row) == (3, row)


def test_nothing_is_rendered_before_it_is_asked_for():
    impossible = {"n5"}
    stream = opened([0] * 10, impossible).render(range(10))
    assert [next(stream)[0] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_an_updated_row_is_written_with_its_newest_values():
    shard = opened([0] * 3, set())
    shard.update(1, {"name": "changed"})
    assert b"changed" in next(iter(shard.render([1])))[2]
    assert shard.keys([1]) == ["n1"]
    assert shard.address(1) == "n1@example.com"


def test_one_program_only():
    assert len(list(opened([0, 0], set(), programs=1).render([0, 1]))) == 2


def test_an_error_of_another_kind_is_not_swallowed():
    shard = opened([0], set())
    shard._messages.programs[0].render = None  # type: ignore[method-assign]
    with pytest.raises(TypeError):
        list(shard.render([0]))
