"""How a page for recipients is built: plain words, no script, no picture, readable by anybody and by any screen reader."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from twain.returns.words import language, languages, words

__all__ = ["POLICY", "VIEW_POLICY", "Place", "confirm_page", "language", "layout", "message_page"]

_STYLE = (
    ":root{color-scheme:light dark;--ink:#1c2321;--soft:#55605c;--paper:#fff;--card:#f5f7f6;--line:#d5dbd8;"
    "--deed:#0b57d0;--on:#fff;--note:#e7f0fe}"
    "@media(prefers-color-scheme:dark){:root{--ink:#eceeed;--soft:#a9b3af;--paper:#141716;--card:#1e2321;--line:#3b4340;"
    "--deed:#a8c7fa;--on:#062e6f;--note:#1c2b42}}"
    "*{box-sizing:border-box}"
    "body{font:1.0625rem/1.6 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}"
    ".page{max-width:38rem;margin:0 auto;padding:8vh 1.25rem 3rem}"
    ".from{margin:0 0 .5rem;color:var(--soft);font-weight:600}"
    "h1{font-size:1.75rem;line-height:1.25;margin:0 0 .75rem;overflow-wrap:anywhere}"
    "h2{font-size:1.15rem;line-height:1.35;margin:2.25rem 0 .5rem}"
    "p{margin:.5rem 0;overflow-wrap:anywhere}.soft{color:var(--soft)}"
    "button{font:inherit;font-weight:600;padding:.55rem 1.15rem;min-height:2.75rem;border:1px solid var(--deed);"
    "border-radius:.5rem;background:none;color:var(--deed);cursor:pointer}"
    "button.deed{background:var(--deed);color:var(--on)}"
    ".deeds{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.25rem 0}form{margin:0}"
    "a{color:var(--deed)}button:focus-visible,a:focus-visible{outline:3px solid var(--ink);outline-offset:3px}"
    ".note{padding:1rem 1.25rem;border-radius:.6rem;background:var(--note);margin:1.25rem 0}.note p:first-child{margin-top:0}"
    "ul.rows{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}"
    ".rows li{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;justify-content:space-between;padding:1rem 0;"
    "border-bottom:1px solid var(--line)}.rows div{flex:1 1 15rem;min-width:0}.rows p{margin:.1rem 0}"
    ".name{font-weight:600}.gets::before{content:'\\2713\\a0'}.gets-not::before{content:'\\2013\\a0'}"
    "dl{margin:1.25rem 0}dt{font-weight:600;margin-top:1.1rem}dd{margin:.15rem 0 0;overflow-wrap:anywhere}"
    "footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.95rem}"
    "footer ul{list-style:none;margin:.35rem 0;padding:0;display:flex;flex-wrap:wrap;gap:.35rem 1.25rem}"
    "footer a{display:inline-block;padding:.35rem 0}[aria-current]{font-weight:600}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")

#: Nothing may load, run, frame or leave the page but its own form.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: A message in the browser: what any mail program would show of it, and no script, form or frame.
VIEW_POLICY = (
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline' https:; font-src https:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

#: Where a recipient can go from here: prefix → the word for it.
_ELSEWHERE = (("p", "to_choose"), ("w", "to_why"), ("v", "to_view"), ("u", "to_stop"))


@dataclass(frozen=True, slots=True)
class Place:
    """The page somebody is on: its prefix (``u``, ``p``, ``w``), the token, what they chose to read it in ("" = nothing)."""

    prefix: str
    token: str
    chosen: str = ""
    linked: str = ""
    """The prefixes that the page itself leads to: its foot need not say them again."""


def confirm_page(tongue: str) -> bytes:
    """Asks whether to unsubscribe; its form posts to the page's own address. Looking at it changes nothing."""
    said = words(tongue)
    form = (
        '<form method="post" class="deeds"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f'<button class="deed">{escape(said["button"])}</button></form>'
    )
    return layout(tongue, said["ask"], f"<p>{escape(said['ask_more'])}</p>{form}")


def message_page(tongue: str, name: str) -> bytes:
    """One of the plain answers: ``done``, ``unknown``, ``later``, ``retry``, ``wrong``."""
    said = words(tongue)
    return layout(tongue, said[name], f"<p>{escape(said[f'{name}_more'])}</p>")


def layout(tongue: str, title: str, body: str, *, company: str = "", place: Place | None = None) -> bytes:
    """A whole page. *body* is HTML; *title* and *company* are text. With a *place*, its foot leads to the other pages."""
    head = f'<p class="from">{escape(company)}</p>' if company else ""
    foot = _foot(tongue, place) if place is not None else ""
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f'<style>{_STYLE}</style></head><body><div class="page"><main>{head}<h1>{escape(title)}</h1>{body}</main>'
        f"{foot}</div></body></html>"
    ).encode()


def _foot(tongue: str, place: Place) -> str:
    said, asked = words(tongue), f"?lang={place.chosen}" if place.chosen else ""
    ways = [
        f'<a href="../{prefix}/{place.token}{asked if prefix != "v" else ""}">{escape(said[word])}</a>'
        for prefix, word in _ELSEWHERE
        if prefix != place.prefix and prefix not in place.linked
    ]
    return (
        f"<footer>{_listed(said['nav'], ways)}{_listed(said['languages'], [_tongue(one, tongue) for one in languages()])}"
        "</footer>"
    )


def _tongue(one: str, current: str) -> str:
    here = ' aria-current="true"' if one == current else ""
    return f'<a href="?lang={one}" lang="{one}" hreflang="{one}"{here}>{escape(words(one)["language"])}</a>'


def _listed(label: str, items: Sequence[str]) -> str:
    return f'<nav aria-label="{escape(label)}"><ul>{"".join(f"<li>{item}</li>" for item in items)}</ul></nav>'
