import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.records import Problem, Suppression
from twain.returns import suppression
from twain.returns.suppression import HEADING, harmless, read_suppressions, write_suppressions


def hash_of(address):
    return address.encode().ljust(32, b".") if address.endswith("@x.de") else None


def read(text, **options):
    raw = text if isinstance(text, bytes) else text.encode()
    options = {"name": "list.csv", "hash_of": hash_of, "reason": "imported", "origin": "file", "at": 5.0, **options}
    return list(read_suppressions(io.BytesIO(raw), **options))


def entry(address, reason="imported", at=5.0):
    return Suppression(hash_of(address), reason, "file", at)


@pytest.mark.parametrize(
    "text",
    ["a@x.de\nb@x.de\n", "a@x.de\r\nb@x.de", "email\na@x.de\nb@x.de\n", "Name,E-Mail\nA,a@x.de\nB,b@x.de\n",
     "\ufeffAddress;Name\na@x.de;A\nb@x.de;B\n", "address\n\n  a@x.de \n\n\nb@x.de\n", 'email,note\n"a@x.de","x, y"\nb@x.de\n'],
)  # fmt: skip
def test_addresses_are_found(text):
    assert read(text) == [entry("a@x.de"), entry("b@x.de")]


def test_reason_and_time_are_taken_over():
    text = (
        "address,reason,at\na@x.de,complaint,1970-01-01T00:01:00Z\nb@x.de,,\nc@x.de,bounced,1970-01-01T01:00:00+01:00\n"
    )
    assert read(text) == [entry("a@x.de", "complaint", 60.0), entry("b@x.de"), entry("c@x.de", "bounced", 0.0)]


def test_each_bad_line_is_named_and_the_others_are_kept():
    found = read(
        b'email,at\na@x.de,\nnobody,\n=cmd()@y,\n\xff\xfe@x.de,\n"b@x.de,\nc@x.de,tomorrow\nd@x\0.de,\ne@x.de,\n'
    )
    assert [f for f in found if isinstance(f, Suppression)] == [entry("a@x.de"), entry("e@x.de")]
    problems = [(p.place.file, p.place.line, p.code) for p in found if isinstance(p, Problem)]
    assert problems == [
        ("list.csv", 3, "T134"), ("list.csv", 4, "T134"), ("list.csv", 5, "T131"), ("list.csv", 6, "T132"),
        ("list.csv", 7, "T135"), ("list.csv", 8, "T131"),
    ]  # fmt: skip
    assert all(p.what and p.todo and p.severity == "error" for p in found if isinstance(p, Problem))


def test_a_problem_shows_a_cell_without_letting_it_act():
    (problem,) = read("email\n=HYPERLINK(1)\x1b[31m\r\n")
    assert "'=HYPERLINK(1) [31m" in problem.what
    assert "\x1b" not in problem.what


PACKED = [gzip.compress(b"a@x.de\n" * 1000, mtime=0), b"PK\x03\x04rest", b"BZh9rest", b"\xfd7zXZ\0"]


@pytest.mark.parametrize("packed", PACKED, ids=["gzip", "zip", "bzip2", "xz"])
def test_a_packed_file_is_refused_unopened(packed):
    (problem,) = read(packed)
    assert (problem.code, problem.place.line) == ("T130", None)


def test_an_endless_line_ends_the_reading_before_it_fills_the_memory():
    class Endless(io.RawIOBase):
        given = 0

        def readable(self):
            return True

        def readinto(self, room):
            room[:] = b"a" * len(room)
            self.given += len(room)
            return len(room)

    raw = Endless()
    found = list(read_suppressions(io.BufferedReader(raw), name="n", hash_of=hash_of, reason="r", origin="o", at=0.0))
    assert [p.code for p in found] == ["T133"]
    assert raw.given < 100_000


def test_a_file_that_is_too_large_ends_there(monkeypatch):
    monkeypatch.setattr(suppression, "MAX_BYTES", 20)
    found = read("a@x.de\nb@x.de\nc@x.de\n")
    assert found[:2] == [entry("a@x.de"), entry("b@x.de")]
    assert [(p.code, p.place.line) for p in found[2:]] == [("T130", 3)]


def test_reading_is_lazy():
    lines = (f"p{i}@x.de\n".encode() for i in range(10**9))

    class Stream:
        def readline(self, limit):
            return next(lines)

    found = read_suppressions(Stream(), name="n", hash_of=hash_of, reason="r", origin="o", at=0.0)
    assert [next(found).address_hash for _ in range(3)] == [hash_of(f"p{i}@x.de") for i in range(3)]


def test_what_is_written_can_be_read_again():
    entries = [
        Suppression(bytes(range(32)), "unsubscribed", "one-click:r1.1.1", 60.0),
        Suppression(bytes(32), "=1+1", "@origin\r\n", 0.0),
    ]
    out = io.StringIO(newline="")
    assert write_suppressions(out, entries) == 2
    assert read(out.getvalue()) == [
        Suppression(bytes(range(32)), "unsubscribed", "file", 60.0),
        Suppression(bytes(32), "=1+1", "file", 0.0),
    ]


@given(st.text(), st.text())
def test_no_cell_of_an_export_is_a_formula(reason, origin):
    out = io.StringIO(newline="")
    write_suppressions(out, [Suppression(bytes(32), reason, origin, 0.0)])
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert rows[0] == list(HEADING)
    assert len(rows) == 2
    for cell in rows[1]:
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))
        assert not any(ord(c) < 32 for c in cell)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "|x", "%0A=1"])
def test_what_could_start_a_formula_is_text(cell):
    assert harmless(cell).startswith("'")


def test_what_is_harmless_stays():
    assert harmless("asked by phone") == "asked by phone"
    assert harmless("") == ""
