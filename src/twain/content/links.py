"""Links: which targets a message may have, and which of them are counted.

A target is http, https, mailto or tel. With tracking, each ``<a href>`` whose target is fixed becomes
``{base_url}/c/{token}.{number}``; the target itself is kept in the program's ``links``. A target made from data is checked again
in each message; it goes along in the link, signed, or keeps its own address where nobody signs.
"""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from twain.content.grammar import at_line
from twain.content.markup import Marked, Tag, tags
from twain.content.targets import allowed
from twain.errors import ContentError, Place
from twain.records import CANARY_LINK

_FIXED_HOST = re.compile(r"(?:https?://[^\s/?#]+[/?#]|mailto:|tel:)", re.IGNORECASE)
_HREF = re.compile(r"(\shref\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)", re.IGNORECASE)
_OURS = re.compile(r"\{\{-?\s*(?:unsubscribe_url|view_url|preferences_url|why_url)\s*-?\}\}")
_POINT = "display:block;width:1px;height:1px;border:0"
_NOWHERE = "display:none;max-height:0;overflow:hidden"


Sign = Callable[[str, int, str], str]
"""(token, link number, finished target) → what follows the token in the link. Must pickle."""


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """Where the gateway answers, whether clicks and opens are counted, and the number of this program's first link.

    *base_url* has no slash at its end; empty means there is no gateway, and then nothing is tracked. *opens*: an invisible
    picture is put in; *canary*: a link that only machines follow. *sign* signs targets made from data; without it they are not
    counted.
    """

    base_url: str
    track: bool = True
    first_number: int = 0
    opens: bool = False
    canary: bool = False
    sign: Sign | None = None

    @property
    def tracks(self) -> bool:
        """Whether links are rewritten."""
        return self.track and bool(self.base_url)

    @property
    def unsubscribe(self) -> str:
        """The address in front of the token at which one unsubscribes, empty without a gateway."""
        return f"{self.base_url}/u/" if self.base_url else ""

    @property
    def view(self) -> str:
        """The address in front of the token at which the message shows in the browser, empty without a gateway."""
        return f"{self.base_url}/v/" if self.base_url else ""

    @property
    def preferences(self) -> str:
        """The address in front of the token at which one chooses what one gets, empty without a gateway."""
        return f"{self.base_url}/p/" if self.base_url else ""

    @property
    def why(self) -> str:
        """The address in front of the token at which it says why a message came, empty without a gateway."""
        return f"{self.base_url}/w/" if self.base_url else ""

    @property
    def clicks(self) -> str:
        """The address in front of a tracked link's token."""
        return f"{self.base_url}/c/"


@dataclass(slots=True)
class Collected:
    """Targets found so far, in the order of their numbers."""

    plan: LinkPlan
    targets: list[str] = field(default_factory=list)

    def number(self, target: str) -> int:
        """The target's number; the same target has the same number throughout the message."""
        if target not in self.targets:
            self.targets.append(target)
        return self.plan.first_number + self.targets.index(target)


def rewrite(marked: Marked, html: str, collected: Collected, place: Place | None) -> str:
    """Replace the targets of *html*'s links. Raises ContentError for a target that may not be one."""
    bits, at = [], 0
    for tag in tags(html, place):
        if tag.name not in ("a", "area") or tag.closing or not tag.attributes.get("href"):
            continue
        bits += [html[at : tag.start], _rewritten(marked, html[tag.start : tag.end], tag, collected, place)]
        at = tag.end
    return "".join([*bits, html[at:]])


def _rewritten(marked: Marked, source: str, tag: Tag, collected: Collected, place: Place | None) -> str:
    written = tag.attributes["href"] or ""
    target = html_text.unescape(written).strip()
    if target.startswith("#") and not marked.has_mark(target):
        return source
    new = (
        _dynamic(marked, target, written, collected)
        if marked.has_mark(target)
        else _fixed(marked, target, collected, place)
    )
    return source if new is None else _HREF.sub(lambda m: f'{m[1]}"{new}"', source, count=1)


def _fixed(marked: Marked, target: str, collected: Collected, place: Place | None) -> str | None:
    if not allowed(target):
        raise ContentError(
            f"The link {target[:80]!r} is not a web, mail or telephone address.",
            place=place,
            code="T511",
            todo="Write the whole address, beginning with https://, mailto: or tel:.",
        )
    if not collected.plan.tracks or not target.lower().startswith("http"):
        return None
    return f"{collected.plan.clicks}{marked.mark('{{ _token }}')}.{collected.number(target)}"


def _dynamic(marked: Marked, target: str, written: str, collected: Collected) -> str | None:
    liquid = marked.restore(target)
    if _OURS.fullmatch(liquid):
        return None
    number = collected.number(liquid) if "{{" in liquid else None
    before = re.split(marked.seed, target, maxsplit=1)[0]
    counted = number if collected.plan.tracks and collected.plan.sign else None
    if _FIXED_HOST.match(before) and (counted is None or not before.lower().startswith("http")):
        return None
    closing = "{% endcapture %}{{ _href | _link }}"
    if counted is not None:
        closing = f"{{% endcapture %}}{{{{ _href | _sign: _token, {counted}, _signer, _clicks }}}}"
    return f"{marked.mark('{% capture _href %}')}{written}{marked.mark(closing)}"


def unseen(marked: Marked, html: str, collected: Collected) -> str:
    """*html* with what nobody sees at its end: the picture that tells of an open, the link that tells machines from people."""
    plan, token, bits = collected.plan, marked.mark("{{ _token }}"), ""
    if plan.opens and plan.base_url:
        bits += f'<img src="{plan.base_url}/o/{token}" width="1" height="1" alt="" style="{_POINT}">'
    if plan.canary and plan.tracks and collected.targets:
        link = f'<a href="{plan.clicks}{token}.{CANARY_LINK}" tabindex="-1"></a>'
        # Text and HTML have the same links; filters take an odd number of addresses in both together for a sign of spam.
        bits += f'<div style="{_NOWHERE}">{link if bits else link * 2}</div>'
    end = html.lower().rfind("</body>")
    return f"{html[:end]}{bits}{html[end:]}" if end >= 0 else html + bits


def place_of(source: str, target: str, place: Place | None) -> Place | None:
    """The line on which *target* is written, for an error about it."""
    return at_line(place, source, source.find(target))
