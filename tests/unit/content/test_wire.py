"""What goes on the wire: short lines, no bare CR or LF, no line that begins with a dot, and the words unharmed."""

import email
import email.policy
import pickle
import quopri
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.content.mails import COLUMNS, PLAN, ROW, columns_of, program, stamp
from twain.content import batch, mime, quoted
from twain.content.limits import Meter
from twain.content.program import preview, slots
from twain.errors import ContentError
from twain.records import Sender, Stamp

HARD = st.text(st.sampled_from("aF.=\r\n \tübrom 🎉<&'\"\x00\u2028") | st.characters(codec="utf-8"), max_size=200)
BODY = """<html><body><p>Hello {{ first_name }},</p>
{% if gold %}<p>.{{ city }}</p>{% endif %}{% for o in orders %}<p>{{ o.title }}</p>{% endfor %}
<a href="https://shop.example/sale">Sale</a> {{ postal_address }} <a href="{{ unsubscribe_url }}">Stop</a></body></html>"""


def lines_of(message: bytes) -> list[bytes]:
    assert message.endswith(b"\r\n")
    lines = message.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    assert not any(line.startswith((b".", b"From ")) for line in lines)
    return lines


def canonical(text: str) -> bytes:
    return re.sub("\r\n|\r|\n", "\r\n", text).encode("utf-8", "replace")


@given(HARD)
def test_a_piece_decodes_to_its_text_in_short_lines(text: str) -> None:
    for made in (quoted.piece(text), quoted.value(text) + quoted.SOFT):
        lines = made.split(b"\r\n")
        assert all(len(line) <= 76 and not line.endswith((b" ", b"\t")) for line in lines)
        assert not any(line.startswith((b".", b"From ")) or b"\r" in line or b"\n" in line for line in lines)
        assert quopri.decodestring(made) == canonical(text)


@given(st.lists(HARD | st.none() | st.integers() | st.floats() | st.dates(), max_size=8), st.booleans())
def test_a_column_encodes_like_its_values(values: list[Any], escaping: bool) -> None:
    encode = slots(Meter())["H" if escaping else "T"]
    encoded = batch.column(values, encode, batch.together(values), escaping=escaping)
    assert [quopri.decodestring(one + quoted.SOFT) for one in encoded] == [
        quopri.decodestring(encode(value) + quoted.SOFT) for value in values
    ]
    for one in encoded:
        assert all(len(line) <= 75 + line.endswith(b"=") and not line.startswith(b".") for line in one.split(b"\r\n"))


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({"first_name": HARD, "city": HARD | st.none(), "gold": st.booleans()}))
def test_every_message_parses_and_says_what_it_should(values: dict[str, Any]) -> None:
    row = ROW | values
    shown = preview(PROGRAM, row, stamp())
    lines = lines_of(shown.message)
    assert max(map(len, lines)) <= 200
    body = lines[lines.index(b"") :]
    assert all(len(line) <= 76 for line in body)
    name = re.sub("\r\n|\r|\n", "\n", values["first_name"].encode("utf-8", "replace").decode())
    assert f"<p>Hello {batch.escape(name)},</p>" in shown.html
    assert shown.text.startswith(f"Hello {name},")


PROGRAM = program(BODY, subject="Dear {{ first_name }}")


@given(HARD)
def test_a_subject_survives_and_holds_no_control_character(text: str) -> None:
    made = mime.header_text(text)
    parsed = email.message_from_bytes(b"Subject: " + made + b"\r\n\r\n", policy=email.policy.default)
    wanted = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text.encode("utf-8", "replace").decode()).strip()
    assert str(parsed["Subject"]).split() == wanted.split()
    assert all(len(line) <= 76 for line in (b"Subject: " + made).split(b"\r\n"))
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x80-\xff]", made)


def test_headers_are_those_of_the_rfcs() -> None:
    shown = preview(
        program(BODY, sender=Sender("news@shop.example", "Große Freude", "help@shop.example", "x")), ROW, stamp()
    )
    assert shown.headers["From"] == "Große Freude <news@shop.example>"
    assert shown.headers["Reply-To"] == "help@shop.example"
    assert shown.headers["To"] == "person@mail.example"
    assert shown.headers["List-Unsubscribe"] == "<https://click.shop.example/u/tok-1_x>"
    assert shown.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert shown.headers["List-ID"] == "<news.shop.example>"
    assert shown.headers["Message-ID"] == "<r.1.1@shop.example>"
    assert shown.headers["Content-Type"].startswith("multipart/alternative")


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nBcc: x@y.example",
        "a b@c.example",
        "",
        "no-at.example",
        "ü@b.example",
        "a@b>.example",
        '"b\r\nRSET"@x.example',
        "a\0@b.example",
    ],
)
def test_an_address_that_could_break_a_header_fails_its_row_only(address: str) -> None:
    rows = columns_of([ROW, ROW | {"address": address}, ROW])
    made = PROGRAM.render(rows, [stamp(1), stamp(2), stamp(3)])
    lines_of(next(made))
    with pytest.raises(ContentError, match="address"):
        next(made)


@pytest.mark.parametrize(
    "sender", [Sender("a@b.example", "Eve\r\nBcc: x@y.example"), Sender("a@b.example\r\nX: y"), Sender("nobody")]
)
def test_a_sender_that_could_break_a_header_is_refused(sender: Sender) -> None:
    with pytest.raises(ContentError, match="sender"):
        program(BODY, sender=sender)


@pytest.mark.parametrize(
    "bad", [Stamp(b"<a@b>\r\nX: y", b"t", b"d"), Stamp(b"<a@b>", b"t=\r\n", b"d"), Stamp(b"<a@b>", b"t", b"d\nX: y")]
)
def test_a_stamp_that_could_break_a_line_is_refused(bad: Stamp) -> None:
    with pytest.raises(ContentError, match="stamp"):
        list(PROGRAM.render(columns_of([ROW]), [bad]))


def test_a_program_travels_between_processes_and_makes_the_same_bytes() -> None:
    again = pickle.loads(pickle.dumps(PROGRAM))
    rows = columns_of([ROW, ROW])
    assert list(again.render(rows, [stamp(1), stamp(2)])) == list(PROGRAM.render(rows, [stamp(1), stamp(2)]))
    assert (again.columns, again.links) == (PROGRAM.columns, PROGRAM.links)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ABCDEFGHJKLMNPQ", min_size=6, max_size=12), min_size=2, max_size=6, unique=True))
def test_one_persons_data_never_appears_in_anothers_message(names: list[str]) -> None:
    body = (
        "{% capture x %}{{ first_name }}{% endcapture %}{% if gold %}{% assign y = city %}{% endif %}{{ x }}{{ y }}"
        + BODY
    )
    own = program(body, subject="{{ first_name }}")
    rows = [
        ROW
        | {"first_name": f"n{n}n", "city": f"c{n}c", "gold": i % 2 == 0, "address": f"a{i}x@mail.example"}
        | {"orders": f'[{{"title": "o{n}o", "price": 1, "url": ""}}]'}
        for i, n in enumerate(names)
    ]
    stamps = [
        Stamp(b"<m%dx@shop.example>" % i, b"t%dx" % i, b"Mon, 23 Nov 2026 09:00:00 +0000") for i in range(len(names))
    ]
    for index, message in enumerate(own.render(columns_of(rows), stamps)):
        for other, name in enumerate(names):
            marks = [f"n{name}n", f"c{name}c", f"o{name}o", f"a{other}x@", f"m{other}x@", f"t{other}x"]
            held = [mark.encode() in message for mark in marks]
            assert not any(held) if other != index else held[0]


def test_rows_are_built_lazily_and_in_order_over_many_batches() -> None:
    rows = columns_of([ROW | {"first_name": f"p{n}"} for n in range(600)])
    made = list(PROGRAM.render(rows, [stamp(n) for n in range(600)]))
    assert all(b"tok-%d_x" % n in message and b"p%d" % n in message for n, message in enumerate(made))
    assert [column.name for column in COLUMNS if column.name in PROGRAM.columns] == [
        "first_name",
        "city",
        "gold",
        "orders",
    ]
    assert PLAN.base_url.encode() in made[0]
