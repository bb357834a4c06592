"""Pages of forms: plain HTML that works without JavaScript, for every screen reader, at 390 pixels, by day and by night."""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources

from twain.records import Form, FormField, FormWords

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.0625rem/1.6 system-ui,sans-serif;max-width:34rem;margin:8vh auto 4rem;padding:0 1.5rem;color:#1a1a1a;"
    "background:#fff}h1{font-size:1.6rem;line-height:1.3}p,label,li{overflow-wrap:anywhere}"
    ".line{margin:1.25rem 0}label{display:block;font-weight:600}"
    "input,textarea,select{font:inherit;box-sizing:border-box;width:100%;padding:.6rem .7rem;border:1px solid #6b6b6b;"
    "border-radius:.4rem;background:#fff;color:#1a1a1a}textarea{min-height:8rem}"
    ".tick{display:flex;gap:.7rem;align-items:flex-start}.tick input{width:1.4rem;height:1.4rem;flex:none;margin:.1rem 0 0}"
    ".tick label{font-weight:400}.wrong{color:#a4001d;margin:.3rem 0 0}[aria-invalid=true]{border-color:#a4001d}"
    ".errors{border:2px solid #a4001d;border-radius:.4rem;padding:.2rem 1rem}"
    ".trap{position:absolute;left:-99rem}"
    "button{font:inherit;font-weight:600;padding:.7rem 1.6rem;border:0;border-radius:.4rem;background:#0b57d0;color:#fff;"
    "cursor:pointer}:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}input,textarea,select{background:#222;color:#eee;"
    "border-color:#9a9a9a}.wrong{color:#ffb3ba}[aria-invalid=true],.errors{border-color:#ffb3ba}"
    "button{background:#a8c7fa;color:#062e6f}:focus-visible{outline-color:#a8c7fa}a{color:#a8c7fa}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
#: What nobody sees and nobody fills in but a program.
TRAP = "website"
_AUTOCOMPLETE = {"first_name": "given-name", "last_name": "family-name", "name": "name", "company": "organization"}


def policy(origins: tuple[str, ...] = ()) -> str:
    """The Content-Security-Policy: nothing loads or runs, the form posts to us alone, only *origins* may frame the page."""
    frames = " ".join(origins) or "'none'"
    return f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"


@cache
def page_words() -> Mapping[str, Mapping[str, str]]:
    """What the pages say themselves, by language."""
    text = resources.files("twain.returns").joinpath("form_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def said(language: str) -> Mapping[str, str]:
    """The pages' own words in a language; English where we have none."""
    return page_words().get(language, page_words()["en"])


def form_page(form: Form, language: str, answers: Mapping[str, str], wrong: Mapping[str, str]) -> bytes:
    """The form: empty, or with what was answered and what is *wrong* with it (field → word of ``form_words.toml``)."""
    words, own = form.words[language], said(language)
    inner = (
        f"<h1>{escape(words.title)}</h1>{paragraphs(words.text)}{_errors(form, words, own, wrong)}"
        f'<form method="post" action="/f/{form.name}" novalidate>{inputs(form, language, answers, wrong)}'
        f"<p><button>{escape(words.button)}</button></p></form>"
    )
    return shell(language, words.title, inner)


def inputs(form: Form, language: str, answers: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    """All inputs of a form, the trap and the language included."""
    words, own = form.words[language], said(language)
    lines = [_line(one, words, own, answers.get(one.name, ""), wrong.get(one.name, "")) for one in form.fields]
    trap = (
        f'<div class="trap" aria-hidden="true"><label for="f-{TRAP}">{escape(own["honeypot"])}</label>'
        f'<input id="f-{TRAP}" name="{TRAP}" tabindex="-1" autocomplete="off"></div>'
    )
    agreed = _consent(words, own, ticked=answers.get("consent") == "yes", wrong=wrong.get("consent", ""))
    return "".join(lines) + agreed + trap + f'<input type="hidden" name="lang" value="{language}">'


def snippet(form: Form, language: str, base_url: str) -> str:
    """The form as plain HTML for another page: it posts to us, needs no script, and looks as that page makes it look."""
    lines = inputs(form, language, {}, {}).replace('class="trap" aria-hidden="true"', "hidden")
    button = f"<p><button>{escape(form.words[language].button)}</button></p>"
    body = lines.replace('<div class="line">', '\n  <div class="line">').replace(
        '<input type="hidden"', '\n  <input type="hidden"'
    )
    return f'<form method="post" action="{escape(base_url)}/f/{form.name}">{body}\n  {button}\n</form>\n'


def frame(form: Form, language: str, base_url: str) -> str:
    """The hosted page within another page."""
    title = escape(form.words[language].title)
    style = "width:100%;height:34rem;border:0"
    return f'<iframe src="{escape(base_url)}/f/{form.name}?lang={language}" title="{title}" style="{style}"></iframe>\n'


def message(language: str, title: str, text: str) -> bytes:
    """A page that says one thing."""
    return shell(language, title, f"<h1>{escape(title)}</h1>{paragraphs(text)}")


def ask_page(form: Form, language: str) -> bytes:
    """Asks whether it was them; its form posts to the page's own address. Looking at it confirms nothing."""
    own = said(language)
    inner = (
        f"<h1>{escape(own['confirm'])}</h1><p>{escape(form.words[language].title)}</p><p>{escape(own['confirm_more'])}</p>"
        f'<form method="post"><input type="hidden" name="confirm" value="yes">'
        f"<button>{escape(own['confirm_button'])}</button></form>"
    )
    return shell(language, own["confirm"], inner)


def shell(language: str, title: str, inner: str) -> bytes:
    """A whole page around its contents."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><main>{inner}</main></body></html>"
    ).encode()


def paragraphs(text: str) -> str:
    """Plain text as paragraphs: an empty line ends one."""
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


def _line(one: FormField, words: FormWords, own: Mapping[str, str], value: str, wrong: str) -> str:
    label = escape(words.labels[one.name]) + ("" if one.required else f" {escape(own['optional'])}")
    told = f'<p class="wrong" id="w-{one.name}">{escape(own[wrong])}</p>' if wrong else ""
    more = (' required aria-required="true"' if one.required else "") + _marked(one.name, wrong)
    return f'<div class="line"><label for="f-{one.name}">{label}</label>{_input(one, own, value, more)}{told}</div>'


def _input(one: FormField, own: Mapping[str, str], value: str, more: str) -> str:
    named = f'id="f-{one.name}" name="{one.name}"{more}'
    if one.kind == "choice":
        options = "".join(
            f"<option{' selected' if choice == value else ''}>{escape(choice)}</option>" for choice in one.choices
        )
        return f'<select {named}><option value="">{escape(own["choose"])}</option>{options}</select>'
    if one.kind == "long":
        return f'<textarea {named} maxlength="{one.longest}">{escape(value)}</textarea>'
    kind, complete = ("email", "email") if one.kind == "email" else ("text", _AUTOCOMPLETE.get(one.name, ""))
    filled = f' autocomplete="{complete}"' if complete else ""
    return f'<input type="{kind}" {named} maxlength="{one.longest}" value="{escape(value)}"{filled}>'


def _consent(words: FormWords, own: Mapping[str, str], *, ticked: bool, wrong: str) -> str:
    if not words.consent:
        return ""
    told = f'<p class="wrong" id="w-consent">{escape(own[wrong])}</p>' if wrong else ""
    return (
        f'<div class="line"><div class="tick"><input type="checkbox" id="f-consent" name="consent" value="yes" required'
        f"{' checked' if ticked else ''}{_marked('consent', wrong)}>"
        f'<label for="f-consent">{escape(words.consent)}</label></div>{told}</div>'
    )


def _marked(name: str, wrong: str) -> str:
    return f' aria-invalid="true" aria-describedby="w-{name}"' if wrong else ""


def _errors(form: Form, words: FormWords, own: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    if not wrong:
        return ""
    labels = {one.name: words.labels[one.name] for one in form.fields} | {"consent": ""}
    items = "".join(
        f'<li><a href="#f-{name}">{escape(labels[name])}{": " if labels[name] else ""}{escape(own[what])}</a></li>'
        for name, what in wrong.items()
    )
    return f'<div class="errors" role="alert"><p>{escape(own["errors"])}</p><ul>{items}</ul></div>'
