"""Makes templates at random, deep enough to meet the corners of Liquid: the differential tests' fuel."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

PATHS = (
    "a",
    "n",
    "f",
    "b",
    "d",
    "z",
    "rows",
    "rows.size",
    "rows.first.t",
    "rows[0].p",
    "rows[7].t",
    "a.size",
    "v",
    "w",
)
LITERALS = (
    '"x<y"',
    '"it"',
    "3",
    "0",
    "-2",
    "2.5",
    "true",
    "false",
    "nil",
    '""',
    '"%d.%m.%Y"',
    '" "',
    '"2024-02-29"',
    '"1"',
)
FILTERS = tuple(
    "upcase|downcase|capitalize|default: {l}|default: {l}, allow_false: true|append: {l}|prepend: {l}|strip|size|first|last|"  # noqa: SIM905
    "join: {l}|join|split: {l}|plus: {l}|minus: {l}|times: {l}|divided_by: {l}|modulo: {l}|round|round: {l}|floor|ceil|abs|"
    "at_least: {l}|at_most: {l}|truncate: {l}|truncate: 5, {l}|truncatewords: 2|replace: {l}, {l}|replace_first: {l}, {l}|"
    "replace_last: {l}, {l}|remove: {l}|remove_first: {l}|remove_last: {l}|slice: {l}|slice: 1, 3|escape|escape_once|"
    "url_encode|url_decode|strip_html|newline_to_br|squish|strip_newlines|date: {l}|date: '%Y-%m'|map: 't'|sort|reverse|"
    "uniq|where: 't', {l}|reject: 't', {l}|sum: 'p'|concat: rows|compact|number: 2|money: {l}|has: 't'|find: 't', {l}|"
    "lstrip|rstrip|sort_natural: 't'".split("|")
)
LOOPS = (
    "",
    " limit: 2",
    " offset: 1",
    " reversed",
    " limit: n",
    " limit: 1 offset: 1 reversed",
    " limit:0",
    " offset: n",
)


class Maker:
    """One random template; *depth* nested at most."""

    def __init__(self, chance: random.Random, depth: int = 3) -> None:
        self.chance = chance
        self.depth = depth

    def template(self) -> str:
        c = self.chance
        late = "{% if b %}{% assign v = a %}{% capture w %}q{% endcapture %}{% endif %}"
        return c.choice(["{% assign v = rows %}{% assign w = nil %}", late]) + self.block(0, 0) + self.block(0, 0)

    def context(self) -> dict[str, Any]:
        c = self.chance
        words = [None, "", "Anna", " O'Neil & <b>", "Zoë {{ 7*7 }}", "2024-05-06", "12", "a,b c", "  ", "x\r\ny", "1.5"]
        rows = [{"t": c.choice(words), "p": 1.5} for _ in range(c.randint(0, 4))]
        days = [None, dt.date(2020, 2, 29), dt.datetime(2021, 1, 2, 3, 4, 5, tzinfo=dt.UTC)]
        return {
            "a": c.choice(words),
            "n": c.choice([None, 0, 1, 5, -3, True]),
            "f": c.choice([None, 0.0, 2.5, -1e3]),
            "b": c.choice([None, True, False]),
            "d": c.choice(days),
            "z": c.choice(words),
            "rows": c.choice([rows, [{"t": "q", "p": None, "size": 9}]]),
        }

    def block(self, loops: int, depth: int) -> str:
        return "".join(self.node(loops, depth) for _ in range(self.chance.randint(0, 2)))

    def node(self, loops: int, depth: int) -> str:
        c = self.chance
        kind = c.random()
        if kind < 0.2 or depth >= self.depth:
            return c.choice(["text ", "\n", "  ", " <b> ", "ü.", "", "."])
        if kind < 0.5:
            return "{{" + self.dash() + " " + self.expression(loops) + " " + self.dash() + "}}"
        made = [self.condition_block, self.case, self.loop, self.assignment, self.assignment, self.aside]
        return c.choice(made)(loops, depth + 1)

    def condition_block(self, loops: int, depth: int) -> str:
        c = self.chance
        word = c.choice(["if", "if", "unless"])
        middle = self.tag(f"elsif {self.condition(loops)}") + self.block(loops, depth) if c.random() < 0.3 else ""
        end = self.tag("else") + self.block(loops, depth) if c.random() < 0.5 else ""
        return (
            self.tag(f"{word} {self.condition(loops)}")
            + self.block(loops, depth)
            + middle
            + end
            + self.tag(f"end{word}")
        )

    def case(self, loops: int, depth: int) -> str:
        c = self.chance
        whens = [
            self.tag("when " + c.choice([*LITERALS, *PATHS[:7], '"1", 3'])) + self.block(loops, depth) for _ in range(2)
        ]
        end = self.tag("else") + self.block(loops, depth) if c.random() < 0.5 else ""
        return self.tag("case " + self.value(loops)) + "".join(whens) + end + self.tag("endcase")

    def loop(self, loops: int, depth: int) -> str:
        c = self.chance
        over = c.choice(["rows", "(1..3)", "(n..4)", "v", "a", "rows[0]", "w", "z"])
        leave = "{% if forloop.index > 1 %}" + c.choice(["{% break %}", "{% continue %}"]) + "{% endif %}"
        body = self.block(loops + 1, depth) + (leave if c.random() < 0.3 else "") + self.block(loops + 1, depth)
        end = self.tag("else") + self.block(loops, depth) if c.random() < 0.3 else ""
        return self.tag(f"for x{loops} in {over}{c.choice(LOOPS)}") + body + end + self.tag("endfor")

    def assignment(self, loops: int, depth: int) -> str:
        if self.chance.random() < 0.4:
            return self.tag(f"capture {self.chance.choice('vw')}") + self.block(loops, depth) + self.tag("endcapture")
        return self.tag(f"assign {self.chance.choice('vwa')} = {self.expression(loops)}")

    def aside(self, _loops: int, _depth: int) -> str:
        return self.chance.choice(
            ["{% comment %} x {{ y }} {% endcomment %}", "{% raw %}{{ a }}{% endraw %}", "{% # note %}"]
        )

    def expression(self, loops: int) -> str:
        made = self.value(loops)
        for _ in range(self.chance.choice([0, 0, 1, 1, 2, 3])):
            call = self.chance.choice(FILTERS)
            while "{l}" in call:
                call = call.replace(
                    "{l}", self.chance.choice(LITERALS) if self.chance.random() < 0.7 else self.value(loops), 1
                )
            made += " | " + call
        return made

    def value(self, loops: int) -> str:
        own = [f"x{i}{tail}" for i in range(loops) for tail in (".t", "")]
        own += ["forloop.index", "forloop.last", "forloop.rindex", "forloop.length", "forloop.first"] if loops else []
        return self.chance.choice([*PATHS, *own, *own]) if self.chance.random() < 0.7 else self.chance.choice(LITERALS)

    def condition(self, loops: int) -> str:
        return f" {self.chance.choice(['and', 'or'])} ".join(
            self.test(loops) for _ in range(self.chance.choice([1, 1, 2, 3]))
        )

    def test(self, loops: int) -> str:
        c = self.chance
        if c.random() < 0.3:
            return self.value(loops)
        sign = c.choice(["==", "!=", "<", ">", "<=", ">=", "contains", "<>"])
        other = c.choice(["empty", "blank"]) if c.random() < 0.1 else self.value(loops)
        return f"{self.value(loops)} {sign} {other}"

    def tag(self, inside: str) -> str:
        return "{%" + self.dash() + f" {inside} " + self.dash() + "%}"

    def dash(self) -> str:
        return self.chance.choice(["", "", "-"])
