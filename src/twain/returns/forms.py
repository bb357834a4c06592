"""``/f/<name>``: a form, and what is sent by it; ``/j/<token>``: the page behind the link that asks for confirmation.

GET shows and changes nothing: a security gateway that opens every link confirms nobody. What is kept is kept before it is
answered. Whoever sends a form hears the same, whether we know the address or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import parse_qs

from twain.records import Form, FormField
from twain.returns.answers import Answer, Handler, html, page
from twain.returns.click import body_of
from twain.returns.form_pages import TRAP, ask_page, form_page, message, policy, said
from twain.returns.form_tokens import ConfirmationMint
from twain.returns.requests import network_of

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MAX_BODY = 32_768
_DRAINED = 262_144
_ALLOW = ("Allow", "GET, HEAD, POST")


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent by a form: checked, but for the address. *text*: the consent as it was shown to them."""

    form: Form
    language: str
    answers: Mapping[str, str]
    text: str
    network: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A signup that a link stands for, and how it is."""

    form: Form
    language: str
    state: Literal["pending", "confirmed", "expired"]


class Desk(Protocol):
    """What the pages need of whoever keeps signups. Each may raise LedgerError: the visitor is asked to try again."""

    def form(self, name: str) -> Form | None:
        """A form that may be shown, or None."""

    def is_address(self, text: str) -> bool:
        """Whether mail can go there at all."""

    def take(self, sent: Sent) -> Literal["kept", "limited"]:
        """Keep it, durably, before it returns."""

    def asked(self, identifier: bytes) -> Asked | None:
        """What a link stands for."""

    def confirm(self, identifier: bytes, network: str) -> Asked | None:
        """Confirm it, durably, before it returns; once is enough."""


def form_handlers(desk: Desk, mint: ConfirmationMint, proxies: int, own: str) -> Mapping[str, Handler]:
    """Who answers under which prefix. *own*: our own address as recipients see it, ``https://host``."""
    forms, links = _Forms(desk, proxies, own), _Links(desk, mint, proxies)
    return {"/f/": forms, "/j/": links}


class _Forms:
    def __init__(self, desk: Desk, proxies: int, own: str) -> None:
        self._desk, self._proxies, self._own = desk, proxies, own

    def __call__(self, environ: WSGIEnvironment, rest: str) -> Answer | None:
        form = self._desk.form(rest)
        if form is None:
            return None
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            language = _language(environ, form, _query(environ))
            return html(HTTPStatus.OK, form_page(form, language, {}, {}), policy(form.origins))
        if environ["REQUEST_METHOD"] != "POST":
            return page(environ, HTTPStatus.METHOD_NOT_ALLOWED, "wrong", _ALLOW)
        return self._posted(environ, form)

    def _posted(self, environ: WSGIEnvironment, form: Form) -> Answer:
        given = _given(environ)
        if isinstance(given, HTTPStatus):
            return page(environ, given, "wrong")
        language = _language(environ, form, given)
        origin = str(environ.get("HTTP_ORIGIN", ""))
        if origin not in ("", "null", self._own, *form.origins) and not _same_host(environ, origin):
            return _said(form, language, "refused", HTTPStatus.FORBIDDEN)
        if given.get(TRAP):
            return self._thanked(form, language)
        answers = {one.name: _tidy(given.get(one.name, ""), one) for one in form.fields}
        answers["consent"] = given.get("consent", "")
        wrong = self._wrong(form, answers, consent=form.words[language].consent)
        if wrong:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return html(status, form_page(form, language, answers, wrong), policy(form.origins))
        return self._keep(environ, form, language, answers)

    def _keep(self, environ: WSGIEnvironment, form: Form, language: str, answers: dict[str, str]) -> Answer:
        del answers["consent"]
        network = network_of(environ, self._proxies)
        sent = Sent(form, language, answers, form.words[language].consent, network)
        if self._desk.take(sent) == "limited":
            answer = _said(form, language, "limited", HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers.append(("Retry-After", "3600"))
            return answer
        return self._thanked(form, language)

    def _thanked(self, form: Form, language: str) -> Answer:
        if form.double_opt_in:
            return _said(form, language, "check", HTTPStatus.OK)
        body = message(language, said(language)["thanks"], form.words[language].thanks)
        return html(HTTPStatus.OK, body, policy(form.origins))

    def _wrong(self, form: Form, answers: Mapping[str, str], *, consent: str) -> dict[str, str]:
        found = {one.name: self._fault(one, answers[one.name]) for one in form.fields}
        found["consent"] = "agree" if consent and answers["consent"] != "yes" else ""
        return {name: what for name, what in found.items() if what}

    def _fault(self, one: FormField, value: str) -> str:
        if not value:
            return "required" if one.required else ""
        if len(value) > one.longest:
            return "longer"
        if one.kind == "choice":
            return "" if value in one.choices else "choice"
        return "email" if one.kind == "email" and not self._desk.is_address(value) else ""


class _Links:
    def __init__(self, desk: Desk, mint: ConfirmationMint, proxies: int) -> None:
        self._desk, self._mint, self._proxies = desk, mint, proxies

    def __call__(self, environ: WSGIEnvironment, rest: str) -> Answer | None:
        method = environ["REQUEST_METHOD"]
        given = _given(environ) if method == "POST" else {}
        identifier = self._mint.verify(rest)
        if identifier is None:
            return None
        if method not in ("GET", "HEAD", "POST"):
            return page(environ, HTTPStatus.METHOD_NOT_ALLOWED, "wrong", _ALLOW)
        if isinstance(given, HTTPStatus) or (method == "POST" and given.get("confirm") != "yes"):
            return page(environ, given if isinstance(given, HTTPStatus) else HTTPStatus.BAD_REQUEST, "wrong")
        look: Callable[[], Asked | None] = lambda: self._desk.asked(identifier)  # noqa: E731 — one of two ways
        if method == "POST":
            look = lambda: self._desk.confirm(identifier, network_of(environ, self._proxies))  # noqa: E731
        asked = look()
        return None if asked is None else self._shown(asked)

    def _shown(self, asked: Asked) -> Answer:
        form, language = asked.form, asked.language
        if asked.state == "expired":
            return _said(form, language, "expired", HTTPStatus.GONE)
        if asked.state == "pending":
            return html(HTTPStatus.OK, ask_page(form, language), policy())
        return html(HTTPStatus.OK, message(language, said(language)["thanks"], form.words[language].thanks), policy())


def _said(form: Form, language: str, words: str, status: HTTPStatus) -> Answer:
    own = said(language)
    return html(status, message(language, own[words], own[f"{words}_more"]), policy(form.origins))


def _given(environ: WSGIEnvironment) -> dict[str, str] | HTTPStatus:
    """The posted form, or why it is not taken."""
    body = body_of(environ, MAX_BODY, _DRAINED)
    if isinstance(body, HTTPStatus):
        return body
    if not str(environ.get("CONTENT_TYPE", "")).lower().startswith("application/x-www-form-urlencoded"):
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return _fields(body.decode("latin-1"))


def _fields(text: str) -> dict[str, str] | HTTPStatus:
    """What is named twice counts once: the last. What is not UTF-8 is no answer of a browser's."""
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=64, encoding="utf-8", errors="strict")
    except ValueError:
        return HTTPStatus.BAD_REQUEST
    return {name: values[-1] for name, values in found.items()}


def _query(environ: WSGIEnvironment) -> dict[str, str]:
    found = _fields(str(environ.get("QUERY_STRING", ""))[:500])
    return found if isinstance(found, dict) else {}


def _language(environ: WSGIEnvironment, form: Form, given: Mapping[str, str]) -> str:
    """What the page was in or asks for, what the browser wants, or the form's first language."""
    accepted = str(environ.get("HTTP_ACCEPT_LANGUAGE", ""))[:200].split(",")
    wanted = [given.get("lang", ""), *(one.partition(";")[0].strip().lower().partition("-")[0] for one in accepted)]
    return next((one for one in wanted if one in form.words), next(iter(form.words)))


def _same_host(environ: WSGIEnvironment, origin: str) -> bool:
    return origin.partition("://")[2] == str(environ.get("HTTP_HOST", "")) != ""


def _tidy(value: str, one: FormField) -> str:
    """An answer without what nobody types: controls, marks that turn text around; line breaks only where there are lines."""
    kept = value.replace("\r\n", "\n") if one.kind == "long" else value
    return "".join(c for c in kept if c.isprintable() or (c == "\n" and one.kind == "long")).strip()
