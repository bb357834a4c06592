"""Building messages: the compiled program against EmailMessage + Jinja2, the same mail for the same distinct people.

A mail of 10 KB HTML and a text part, all headers, 10 fields of which 30 % of the values are not ASCII, a conditional, a loop
over related rows, and 5 tracked links with a token of their own. One core, nothing is sent.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import html
import json
import random
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import Any

import jinja2

from benchmarks.report import Report, cpu_seconds, interleave
from twain.content.links import LinkPlan
from twain.content.parts import split
from twain.content.program import CompiledProgram, compile_program
from twain.records import Column, Content, Sender, Stamp

BASE = "https://click.shop.example"
FIELDS = ("first_name", "last_name", "city", "street", "product", "store", "advisor", "tier", "points", "voucher")
SENDER = Sender("news@shop.example", "Große Freude", postal_address="Market Street 1, 10115 Berlin")
COLUMNS = (*(Column(name, "string") for name in FIELDS if name != "points"), Column("points", "integer"), Column(
    "orders", "rows", items=(Column("title", "string"), Column("price", "number"))
))  # fmt: skip
TARGETS = tuple(f"https://shop.example/{name}?from=mail&week=48" for name in ("new", "sale", "gift", "store", "club"))
SUBJECT = "{{ first_name }}, something for you in {{ city }}"
_DATE = b"Mon, 23 Nov 2026 09:00:00 +0000"
_PLAIN = (
    "Anna",
    "Berlin",
    "Main Street 12",
    "Blue kettle",
    "Gold",
    "Hamburg",
    "Marten Klaas",
    "Oak table",
    "Lena",
    "Bremen",
)
_RICH = (
    "Zoë",
    "Łódź",
    "Königsallee 4",
    "Käsekuchen",
    "Müßiggang",
    "Çınar",
    "Æther & Söhne",
    "Страна",
    "日本語",
    "Ñandú 🎁",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many people each round builds for."""
    parser.add_argument("--people", type=int, default=2_000, help="distinct recipients per round")


def body() -> str:
    """10 KB of HTML in Liquid (and, with the loop's and conditional's words changed, in Jinja2)."""
    links = "".join(f'<li><a href="{html.escape(t)}">Offer {i}</a></li>\n' for i, t in enumerate(TARGETS))
    fields = "".join(f'<td style="padding:4px 8px;font-size:14px">{{{{ {name} }}}}</td>\n' for name in FIELDS)
    filler = "".join(
        f'<p style="margin:0 0 12px 0;font-family:Arial,sans-serif;font-size:14px;line-height:20px;color:#333333">'
        f"Paragraph {i}: our shops open at ten, and there is always somebody who has time for a question.</p>\n"
        for i in range(44)
    )
    return (
        "<!doctype html>\n<html><body>\n<h1>Hello {{ first_name }} {{ last_name }}!</h1>\n"
        "{% if points > 500 %}<p>You have {{ points }} points: enough for a gift.</p>\n"
        "{% else %}<p>{{ points }} points so far.</p>\n{% endif %}"
        f"<table><tr>\n{fields}</tr></table>\n<ul>\n{links}</ul>\n"
        "<table>{% for order in orders %}<tr><td>{{ order.title }}</td><td>{{ order.price }}</td></tr>\n{% endfor %}</table>\n"
        f'{filler}<p>{{{{ postal_address }}}} <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p>\n</body></html>\n'
    )


def people(number: int, seed: int = 1) -> tuple[dict[str, list[Any]], list[Stamp]]:
    """Columns of *number* distinct people and their stamps; 30 % of values are not ASCII."""
    pick = random.Random(seed)

    def word(n: int) -> str:
        return f"{pick.choice(_RICH if pick.random() < 0.3 else _PLAIN)} {n}"

    rows: dict[str, list[Any]] = {name: [word(n) for n in range(number)] for name in FIELDS}
    rows["points"] = [pick.randrange(1_000) for _ in range(number)]
    rows["orders"] = [
        json.dumps([{"title": word(n), "price": round(pick.random() * 90, 2)} for _ in range(3)]) for n in range(number)
    ]
    rows["address"] = [f"person{n}@mail{n % 7}.example" for n in range(number)]
    stamps = [
        Stamp(
            b"<r1.2.%d.abcdef0123456789@shop.example>" % n,
            b"AbCdEf0123456789-%08d_xYz" % n,
            b"Mon, 23 Nov 2026 09:00:00 +0000",
        )
        for n in range(number)
    ]
    return rows, stamps


def ours() -> CompiledProgram:
    """The mail compiled."""
    return compile_program(
        Content(subject=SUBJECT, body=body(), markup="html"),
        columns=COLUMNS,
        defaults={},
        sender=SENDER,
        links=LinkPlan(BASE),
        business_names={},
    )


def peer(program: CompiledProgram) -> Any:
    """The same mail with Jinja2 (compiled once, autoescaping) and EmailMessage (as its documentation shows it)."""
    source = body().replace("orders %}", "orders %}")
    for number, target in enumerate(program.links):
        source = source.replace(f'href="{html.escape(target)}"', f'href="{BASE}/c/{{{{ token }}}}.{number}"')
    escaping = jinja2.Environment(autoescape=True, keep_trailing_newline=True)
    plain = jinja2.Environment(autoescape=False, keep_trailing_newline=True)
    templates = (plain.from_string(SUBJECT), plain.from_string(_text(program)), escaping.from_string(source))

    def build(rows: dict[str, list[Any]], stamps: Sequence[Stamp]) -> Iterator[bytes]:
        for index, stamp in enumerate(stamps):
            row = {name: values[index] for name, values in rows.items()}
            yield _assembled(templates, row, stamp)

    return build


def _text(program: CompiledProgram) -> str:
    """The very text part that ours has, so that both build the same."""
    text = split(program.content, program.plan).text
    return text.replace("_token", "token")


def _assembled(templates: Sequence[jinja2.Template], row: dict[str, Any], stamp: Stamp) -> bytes:
    token = stamp.token.decode()
    row["orders"] = json.loads(row["orders"])
    row |= {"token": token, "unsubscribe_url": f"{BASE}/u/{token}", "postal_address": SENDER.postal_address}
    subject, text, page = (template.render(row) for template in templates)
    message = EmailMessage(policy=email.policy.SMTP)
    message["Date"] = stamp.date.decode()
    message["From"] = f"{SENDER.name} <{SENDER.address}>"
    message["To"] = row["address"]
    message["Subject"] = subject
    message["Message-ID"] = stamp.message_id.decode()
    message["List-ID"] = "<news.shop.example>"
    message["List-Unsubscribe"] = f"<{BASE}/u/{token}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text)
    message.add_alternative(page, subtype="html")
    return message.as_bytes()


def same(ours: bytes, theirs: bytes) -> bool:
    """Whether two messages say the same: headers, text and HTML, decoded."""
    return _said(ours) == _said(theirs)


def _said(data: bytes) -> tuple[str, ...]:
    message = email.message_from_bytes(data, EmailMessage, policy=email.policy.default)
    headers = tuple(str(message[name]) for name in ("Date", "From", "To", "Subject", "List-Unsubscribe", "List-ID"))
    parts = [message.get_body((kind,)) for kind in ("plain", "html")]
    return (*headers, *(str(part.get_content()).replace("\r\n", "\n") for part in parts if part))


def run(options: argparse.Namespace) -> Report:
    """Microseconds of CPU per message, and how many times faster than the peer."""
    program, number = ours(), options.people
    build = peer(program)
    rows, stamps = people(number)
    few = max(1, number // 40)
    head = ({name: values[:few] for name, values in rows.items()}, stamps[:few])
    made = list(program.render(*head))
    if not all(same(a, b) for a, b in zip(made, build(*head), strict=True)):
        message = "The two builders disagree: the comparison would mean nothing."
        raise AssertionError(message)
    fast, slow = interleave(
        cpu_seconds(lambda: [None for _ in program.render(rows, stamps)]),
        cpu_seconds(lambda: [None for _ in build(*head)]),
        rounds=max(5, options.rounds),
    )
    report = Report("build")
    each, theirs = fast / number * 1e6, slow / few * 1e6
    report.figures |= {
        "octets per message": len(made[0]),
        "octets of HTML source": len(body()),
        "microseconds per message": each,
        "microseconds per message, EmailMessage + Jinja2": theirs,
    }
    report.ratios["EmailMessage + Jinja2 ÷ ours"] = theirs / each
    report.at_most("microseconds per message", each, 50.0)
    report.at_least("times faster than EmailMessage + Jinja2", theirs / each, 70.0)
    return report
