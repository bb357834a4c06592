"""The heat map: the mail as it went out, with what people clicked in it shown at each link.

The mail is made from the bundle with its declared fallbacks, so nobody's data is in it. Its links lead nowhere: a look at the
map must not count as a click.
"""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twain.content.markup import Tag, tags
from twain.content.program import CompiledProgram, preview
from twain.errors import ConfigError
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared, prepare_here
from twain.insight.rates import Rate, rate
from twain.insight.responses import Responses
from twain.records import Bundle, Stamp

_TOKEN = "heat"  # noqa: S105 — stands where a message's token would
_STAMP = Stamp(b"<heat@localhost>", _TOKEN.encode(), b"Thu, 01 Jan 1970 00:00:00 +0000")
_HREF = re.compile(r"\s(?:href|target)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)", re.IGNORECASE)
_ALT = re.compile(r"\salt\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>")
_LONGEST_WORDS = 60


@dataclass(frozen=True, slots=True)
class Hot:
    """One link: its number, its words, where it leads, and the people who clicked it of those who got the mail.

    *share* is its part of all clicks on links of this variant, *machines* those who were none. Not *shown* is what stands in a
    part of the mail that nobody without data gets.
    """

    number: int
    words: str
    target: str
    rate: Rate
    share: float
    machines: int
    shown: bool = True


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One variant of a send.

    *html* is ready for a sandbox; *links* are in the order in which they stand in it, then the others.
    """

    arm: str
    subject: str
    html: str
    links: tuple[Hot, ...]


@dataclass(frozen=True, slots=True)
class Bare:
    """One variant's mail before it is painted. *prefix* begins the address of each counted link; *targets*: number → where to.

    *words* are of the links that are seen, by number, in their order.
    """

    arm: str
    subject: str
    html: str
    prefix: str
    targets: Mapping[int, str]
    words: Mapping[int, str]


def bare_mail(instance: Instance, digest: str, arm: str) -> Bare:
    """The mail of one variant of a bundle. Raises ConfigError for a variant there is none of; it never changes, so keep it."""
    bundle = instance.ledger.bundle(digest)
    prepared = prepare_here(instance, Bundle(bundle.hash, bundle.campaign, {**bundle.body, "track_opens": False}))
    program, targets = _program(prepared, arm)
    shown = preview(program, dict.fromkeys(program.columns), _STAMP)
    prefix = f"{instance.settings.base_url}/c/{_TOKEN}."
    words = {number: said for number, said in _links(shown.html, prefix) if number in targets}
    return Bare(
        arm, shown.subject, shown.html, prefix, targets if words else {}, words
    )  # without a gateway none is counted


def heat_map(mail: Bare, responses: Responses, delivered: int) -> HeatMap:
    """The map of a *mail* that reached so many people."""
    clicks = sum(responses.people("click", "link", str(number)) for number in mail.targets)
    order = [*mail.words, *(number for number in mail.targets if number not in mail.words)]
    links = tuple(_hot(n, mail.words.get(n), mail.targets[n], responses, delivered, clicks) for n in order)
    return HeatMap(mail.arm, mail.subject, _painted(mail, {link.number: link for link in links}), links)


def _program(prepared: Prepared, arm: str) -> tuple[CompiledProgram, dict[int, str]]:
    """A variant's program, and the targets of its links by their numbers, which go on from variant to variant."""
    first = 0
    for one, program in zip(prepared.arms, prepared.programs, strict=True):
        if one.name == arm:
            return program, dict(enumerate(program.links, first))
        first += len(program.links)
    raise ConfigError(
        f"This send has no variant {arm!r}.", todo=f"Variants: {', '.join(one.name for one in prepared.arms)}."
    )


def _hot(number: int, words: str | None, target: str, responses: Responses, delivered: int, clicks: int) -> Hot:
    people = responses.people("click", "link", str(number))
    seen = rate(min(people, delivered), delivered)
    machines = responses.machines("click", "link", str(number))
    return Hot(number, words or "", target, seen, people / clicks if clicks else 0.0, machines, shown=words is not None)


def _number(tag: Tag, prefix: str) -> int | None:
    """The link's number, by the address that we gave it; None for one that is not counted."""
    href = html_text.unescape(tag.attributes.get("href") or "")
    if tag.name != "a" or tag.closing or not href.startswith(prefix):
        return None
    number = href[len(prefix) :].partition(".")[0]
    return int(number) if number.isdecimal() else None


def _links(html: str, prefix: str) -> Iterator[tuple[int, str]]:
    """Each counted link's number and words, in order; of several with one target the first that has words."""
    found: dict[int, str] = {}
    for tag in tags(html):
        number = _number(tag, prefix)
        if number is not None:
            end = html.find("</a", tag.end)
            found[number] = found.get(number) or _words(html[tag.end : end if end >= 0 else tag.end])
    yield from ((number, words) for number, words in found.items())


def _words(inside: str) -> str:
    picture = _ALT.search(inside)
    said = html_text.unescape(" ".join(_MARKUP.sub(" ", inside).split())) or (picture[1] if picture else "")
    return said if len(said) <= _LONGEST_WORDS else f"{said[: _LONGEST_WORDS - 1]}…"


def _painted(mail: Bare, hot: Mapping[int, Hot]) -> str:
    """Every link disarmed; the counted ones framed and labelled, the more clicked the warmer."""
    html = mail.html
    hottest = max((link.share for link in hot.values()), default=0.0)
    bits, at = [], 0
    for tag in tags(html):
        if tag.name not in ("a", "area", "form", "base", "meta") or tag.closing:
            continue
        source = _HREF.sub("", html[tag.start : tag.end])
        number = _number(tag, mail.prefix)
        link = hot.get(number) if number is not None else None
        bits += [html[at : tag.start], source if link is None else _framed(source, link, hottest)]
        at = tag.end
    return "".join([*bits, html[at:]])


def _framed(source: str, link: Hot, hottest: float) -> str:
    warmth = link.share / hottest if hottest else 0.0
    red, green, blue = (round(cold + (warm - cold) * warmth) for cold, warm in ((74, 185), (96, 28), (110, 28)))
    colour = f"rgb({red},{green},{blue})"
    frame = f"outline:3px solid {colour};outline-offset:1px"
    label = (
        f"position:absolute;z-index:9;transform:translate(-4px,-120%);background:{colour};color:#fff;border-radius:9px;"
        "padding:1px 7px;font:700 12px/16px Arial,sans-serif;letter-spacing:0;text-decoration:none;white-space:nowrap"
    )
    opened = re.sub(r"^<a\b", f'<a data-hot="{link.number}"', source, count=1, flags=re.IGNORECASE)
    if "style=" in opened:
        opened = re.sub(r"style\s*=\s*([\"'])", rf"style=\1{frame};", opened, count=1)
    else:
        opened = opened.replace("<a", f'<a style="{frame}"', 1)
    return f'{opened}<span style="{label}">{link.share * 100:.0f} %</span>'
