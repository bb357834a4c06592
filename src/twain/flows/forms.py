"""``forms/<name>.toml``: what is asked, what is agreed to, in whose words, and where a lead goes.

::

    topic = "newsletter"
    intake = "crm"                              # [intakes.crm] of twain.toml; without it nothing goes on
    double_opt_in = true
    origins = ["https://www.example.com"]       # pages that may show or send it

    [consent]
    version = "2026-11"                         # of the words that people agree to

    [mail]                                      # asks for confirmation
    channel = "mail"
    from = { address = "news@mail.example.com", name = "Example" }

    [fields.email]
    type = "email"                              # email, text, long, choice
    required = true

    [words.en]                                  # one table for each language, the first for everybody else
    title = "…"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twain.errors import ConfigError, Place
from twain.flows.files import read_text
from twain.flows.toml_places import key_lines, parse_toml
from twain.records import FieldKind, Form, FormField, FormWords, Problem, Sender
from twain.settings import Settings
from twain.snapshot.address import canonical

FOLDER = "forms"
CODE = "T870"
_KEYS = {"topic", "intake", "double_opt_in", "origins", "consent", "mail", "fields", "words"}
_FIELD_KEYS = {"type", "required", "max_length", "choices"}
_WORD_KEYS = {"title", "text", "button", "thanks", "consent", "mail_subject", "mail_text", "labels"}
_KINDS: Mapping[str, FieldKind] = {"email": "email", "text": "text", "long": "long", "choice": "choice"}
_LONGEST = {"email": 254, "text": 200, "long": 2000, "choice": 200}
#: Names that the page itself needs, or that a lead carries besides its answers.
RESERVED = frozenset({"website", "consent", "lang", "id", "kind", "form", "topic", "language", "at", "asked_at", "confirmed_at",
                      "consent_version", "consent_hash"})  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9\-]{0,39}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def form_names(root: Path) -> list[str]:
    """The forms of a workspace, sorted."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.toml"))


def read_form(root: Path, name: str) -> Form:
    """One form. Raises ConfigError T870 with file, line and what to do; T112 for what is no text."""
    file = f"{FOLDER}/{name}.toml"
    if not _NAME.fullmatch(name) or not (root / file).is_file():
        known = ", ".join(form_names(root)) or "none yet"
        raise ConfigError(f"There is no form {name!r}.", todo=f"Forms here: {known}.", code=CODE)
    text = read_text(root / file, root / FOLDER, Place(file))
    return _Reader(file, parse_toml(text, file, CODE), key_lines(text)).form(name)


def check_places(settings: Settings, form: Form) -> list[Problem]:
    """What is wrong with where a form sends what it gets: its intake, its channel."""
    wrong = []
    for key, name, known in (
        ("intake", form.intake, settings.intakes),
        ("mail.channel", form.channel, settings.channels),
    ):
        if name and name not in known:
            todo = f"Known in twain.toml: {', '.join(sorted(known)) or 'none yet'}."
            wrong.append(
                Problem("error", CODE, f"There is no {key.rpartition('.')[2]} {name!r}.", todo, form.place(key))
            )
    return wrong


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    raw: Mapping[str, Any]
    lines: Mapping[str, int]

    def form(self, name: str) -> Form:
        self.known(self.raw, _KEYS, "")
        double = self.raw.get("double_opt_in", True)
        if not isinstance(double, bool):
            raise self.wrong("double_opt_in", f"{double!r} is neither true nor false.", "Write true or false.")
        fields = self.fields()
        form = Form(
            name=name,
            fields=fields,
            words=self.words(fields, double=double),
            topic=self.line(self.raw, "topic", ""),
            intake=self.line(self.raw, "intake", ""),
            consent_version=self.line(self.table("consent", {"version"}), "version", "consent."),
            double_opt_in=double,
            origins=self.origins(),
            file=self.file,
            places=self.lines,
        )
        self.consistent(form)
        return self.with_mail(form) if double else form

    def consistent(self, form: Form) -> None:
        agreed = [bool(words.consent) for words in form.words.values()]
        if any(agreed) != all(agreed) or (form.topic and not all(agreed)):
            todo = 'Write what people agree to, in every language: consent = "…".'
            raise self.wrong("words", "The words of consent are missing in a language.", todo)
        if any(agreed) and not form.consent_version:
            todo = 'Add [consent] version = "…", and a new one whenever the words change.'
            raise self.wrong("consent", "The words of consent have no version.", todo)
        if not form.topic and not form.intake:
            raise self.wrong("", "Nothing would follow from this form.", "Give it a topic, an intake, or both.")

    def with_mail(self, form: Form) -> Form:
        mail = self.table("mail", {"channel", "from", "postal_address"})
        sender = mail.get("from")
        address = sender.get("address") if isinstance(sender, Mapping) else None
        if not isinstance(address, str) or isinstance(canonical(address), str):
            todo = 'Add [mail] with channel = "…" and from = { address = "…", name = "…" }, or double_opt_in = false.'
            raise self.wrong("mail.from", "The mail that asks for confirmation has no sender.", todo)
        channel = self.line(mail, "channel", "mail.")
        if not channel:
            raise self.wrong("mail", "The mail that asks for confirmation has no channel.", 'Add channel = "…".')
        name = self.line(sender, "name", "mail.from.") if isinstance(sender, Mapping) else ""
        postal = self.line(mail, "postal_address", "mail.")
        return replace(form, channel=channel, sender=Sender(address, name, postal_address=postal))

    def fields(self) -> tuple[FormField, ...]:
        given = self.raw.get("fields")
        if not isinstance(given, Mapping) or not 1 <= len(given) <= 20:
            raise self.wrong("fields", "A form has 1 to 20 fields.", 'Add [fields.email] with type = "email".')
        fields = tuple(self.field(str(name), spec) for name, spec in given.items())
        emails = [one for one in fields if one.kind == "email"]
        if len(emails) != 1 or not emails[0].required:
            todo = 'Add [fields.email] with type = "email" and required = true.'
            raise self.wrong("fields", "Exactly one field must be the address, and it must be required.", todo)
        return fields

    def field(self, name: str, spec: object) -> FormField:
        key = f"fields.{name}"
        if not isinstance(spec, Mapping) or not _FIELD.fullmatch(name) or name in RESERVED:
            raise self.wrong(
                key, f"{name!r} cannot be a field's name.", "Use lower-case letters, digits and _; not a name of ours."
            )
        self.known(spec, _FIELD_KEYS, f"{key}.")
        kind = _KINDS.get(str(spec.get("type", "text")))
        if kind is None:
            raise self.wrong(
                f"{key}.type", f"There is no type {spec.get('type')!r}.", f"Use one of: {', '.join(_KINDS)}."
            )
        choices = spec.get("choices", [])
        if (kind == "choice") != bool(choices) or not all(isinstance(c, str) and c.isprintable() for c in choices):
            raise self.wrong(
                f"{key}.choices", "A choice needs choices, and nothing else has them.", 'Add choices = ["…", "…"].'
            )
        longest = spec.get("max_length", _LONGEST[kind])
        if not isinstance(longest, int) or isinstance(longest, bool) or not 1 <= longest <= _LONGEST[kind]:
            raise self.wrong(f"{key}.max_length", f"max_length must be 1 to {_LONGEST[kind]}.", "Correct it.")
        return FormField(name, kind, spec.get("required", False) is True, longest, tuple(choices))

    def words(self, fields: tuple[FormField, ...], *, double: bool) -> Mapping[str, FormWords]:
        given = self.raw.get("words")
        if not isinstance(given, Mapping) or not given:
            raise self.wrong("words", "The form has no words.", "Add a table [words.en].")
        return {language: self.in_language(language, spec, fields, double=double) for language, spec in given.items()}

    def in_language(self, language: str, spec: object, fields: tuple[FormField, ...], *, double: bool) -> FormWords:
        key = f"words.{language}"
        if not _LANGUAGE.fullmatch(language) or not isinstance(spec, Mapping):
            raise self.wrong(key, f"{language!r} is no language.", "Use its two letters: [words.en].")
        self.known(spec, _WORD_KEYS, f"{key}.")
        labels = spec.get("labels", {})
        missing = [one.name for one in fields if not (isinstance(labels, Mapping) and labels.get(one.name))]
        if missing:
            raise self.wrong(f"{key}.labels", f"No label for: {', '.join(missing)}.", 'Write labels = { email = "…" }.')
        wanted = ["title", "button", "thanks", *(["mail_subject", "mail_text"] if double else [])]
        lacking = [name for name in wanted if not spec.get(name)]
        if lacking:
            raise self.wrong(key, f"Words are missing in {language}: {', '.join(lacking)}.", "Write them.")
        said = {name: self.paragraph(spec, name, key) for name in _WORD_KEYS - {"labels"}}
        return FormWords(**said, labels={str(n): str(label) for n, label in labels.items()})

    def origins(self) -> tuple[str, ...]:
        given = self.raw.get("origins", [])
        if not isinstance(given, list) or not all(_is_origin(one) for one in given):
            raise self.wrong(
                "origins", "An origin is a scheme and a host, nothing after it.", 'Write "https://www.example.com".'
            )
        return tuple(given)

    def paragraph(self, table: Mapping[str, Any], name: str, key: str) -> str:
        value = table.get(name, "")
        if not isinstance(value, str) or len(value) > 4000 or any(c < " " and c != "\n" for c in value):
            raise self.wrong(f"{key}.{name}", f"{name} must be text, 4000 letters at most.", "Correct it.")
        if "{{" in value or "{%" in value:
            raise self.wrong(f"{key}.{name}", "Words of a form hold no placeholders.", "Write the words themselves.")
        if name == "mail_subject" and "\n" in value:
            raise self.wrong(f"{key}.{name}", "A subject is one line.", "Write it on one line.")
        return value.strip()

    def line(self, table: Mapping[str, Any], name: str, prefix: str) -> str:
        value = table.get(name, "")
        if not isinstance(value, str) or len(value) > 200 or not (value == "" or value.isprintable()):
            raise self.wrong(prefix + name, f"{prefix}{name} must be one line of text.", "Correct it.")
        return value.strip()

    def table(self, key: str, keys: set[str]) -> Mapping[str, Any]:
        value = self.raw.get(key, {})
        if not isinstance(value, Mapping):
            raise self.wrong(key, f"{key} must be a table.", f"Write [{key}].")
        self.known(value, keys, f"{key}.")
        return value

    def known(self, table: Mapping[str, Any], keys: set[str], prefix: str) -> None:
        for key in sorted(table.keys() - keys):
            raise self.wrong(prefix + key, f"{prefix}{key} is not known here.", f"Known: {', '.join(sorted(keys))}.")

    def wrong(self, key: str, what: str, todo: str) -> ConfigError:
        nearest = key
        while nearest and nearest not in self.lines:
            nearest = nearest.rpartition(".")[0]
        return ConfigError(what, todo=todo, place=Place(self.file, self.lines.get(nearest)), code=CODE)


def _is_origin(value: object) -> bool:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or set(value) & set(" ;,'\"*"):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("https", "http") and bool(parts.hostname) and value == f"{parts.scheme}://{parts.netloc}"
