"""First guesses at a column: what it is for in a message, and how private it is. IT confirms or corrects each in review.

Guesses go by the column's words (English, German, French, Spanish, Portuguese, Italian, Dutch, Polish) and its type. They err on
the side of privacy: what no pattern knows is *personal*.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from twain.feeds.names import words
from twain.ports import LiveColumn
from twain.records import Privacy, Role

_EMAIL = {"email", "mail", "emailaddress", "mailaddress", "courriel", "correo", "correio", "epost"}
_PHONE = {
    "phone",
    "telephone",
    "telefon",
    "telefono",
    "telefone",
    "mobile",
    "mobil",
    "handy",
    "cellphone",
    "telefoon",
    "msisdn",
}
_BIRTH = {"birthday", "birthdate", "birth", "dob", "geburtstag", "geburtsdatum", "geburt", "naissance", "nacimiento"}
_BIRTH_MORE = {"nascimento", "nascita", "geboortedatum", "urodzenia", "bday"}
_NAME = {
    "firstname",
    "lastname",
    "surname",
    "fullname",
    "givenname",
    "familyname",
    "nickname",
    "maidenname",
    "displayname",
}
_NAME_MORE = {"vorname", "nachname", "familienname", "prenom", "nombre", "apellido", "sobrenome", "cognome", "voornaam"}
_NAME_OF = {"first", "last", "given", "family", "full", "middle", "display", "contact", "customer"}
_ADDRESS = {
    "address",
    "street",
    "strasse",
    "adresse",
    "anschrift",
    "direccion",
    "endereco",
    "indirizzo",
    "rue",
    "via",
    "adres",
}
_POSTCODE = {"zip", "postal", "postcode", "plz", "postleitzahl", "cep"}
_CONSENT = {
    "consent",
    "optin",
    "einwilligung",
    "zustimmung",
    "consentement",
    "consentimiento",
    "consentimento",
    "consenso",
}
_CONSENT_MORE = {
    "subscribed",
    "marketingallowed",
    "permission",
    "toestemming",
    "zgoda",
    "newsletter",
    "agreed",
    "optedin",
}
_TIMEZONE = {"timezone", "tz", "zeitzone", "fuseau", "fusohorario", "tijdzone"}
_LANGUAGE = {"language", "lang", "locale", "sprache", "langue", "idioma", "lingua", "taal", "jezyk"}
_CHANGED = {
    "updated",
    "modified",
    "changed",
    "geaendert",
    "aenderung",
    "modifie",
    "actualizado",
    "atualizado",
    "gewijzigd",
}
_SENSITIVE = {
    "password",
    "passwort",
    "passwd",
    "pwd",
    "secret",
    "token",
    "hash",
    "salt",
    "iban",
    "bic",
    "ssn",
    "pin",
    "cvv",
}
_SENSITIVE_MORE = {
    "health",
    "diagnosis",
    "religion",
    "ethnicity",
    "sexuality",
    "salary",
    "gehalt",
    "passport",
    "taxid",
    "income",
}
_PLACES = {
    "city",
    "stadt",
    "ort",
    "ville",
    "ciudad",
    "cidade",
    "citta",
    "country",
    "land",
    "pays",
    "pais",
    "paese",
    "region",
}
_PLACES_MORE = {"state", "bundesland", "province", "provincia", "county"}
_AMOUNTS = {
    "total",
    "amount",
    "price",
    "quantity",
    "qty",
    "count",
    "sum",
    "betrag",
    "preis",
    "menge",
    "anzahl",
    "status",
    "currency",
}

_PERSONAL = _EMAIL | _PHONE | _BIRTH | _BIRTH_MORE | _NAME | _NAME_MORE | _ADDRESS | _POSTCODE
_PLAIN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "á": "a", "ã": "a", "ç": "c", "í": "i", "ó": "o"}
)


def guess_role(column: LiveColumn) -> tuple[Role | None, str]:
    """The messaging role a column seems to have, and the word that gave it away."""
    seen = _terms(column.name)
    for role, types, known in (
        (Role.EMAIL, {"string"}, _EMAIL),
        (Role.CONSENT, {"boolean"}, _CONSENT | _CONSENT_MORE),
        (Role.PHONE, {"string"}, _PHONE),
        (Role.TIMEZONE, {"string"}, _TIMEZONE),
        (Role.LANGUAGE, {"string"}, _LANGUAGE),
        (Role.UPDATED_AT, {"timestamp"}, _CHANGED),
    ):
        found = [term for term in seen if term in known]
        if found and column.type in types and _is_itself(role, seen):
            return role, found[0]
    return None, ""


def names_consent(name: str) -> bool:
    """Whether a column's name is about consent (``opt_in``, ``newsletter``, ``einwilligung``), whatever its type."""
    terms = _terms(name)
    return bool({*terms} & (_CONSENT | _CONSENT_MORE)) and not {"at", "on", "date", "time", "id", "text"} & {*terms}


def guess_privacy(column: LiveColumn) -> Privacy:
    """How private a column seems: sensitive, personal (also when nothing tells), or internal for keys, amounts, places, times."""
    seen = set(_terms(column.name))
    if seen & (_SENSITIVE | _SENSITIVE_MORE):
        return Privacy.SENSITIVE
    if seen & _PERSONAL or (seen & {"name", "naam", "nom", "nome"} and seen & _NAME_OF):
        return Privacy.PERSONAL
    if (
        column.primary_key
        or "id" in seen
        or seen & (_AMOUNTS | _PLACES | _PLACES_MORE | _CHANGED | _LANGUAGE | _TIMEZONE)
    ):
        return Privacy.INTERNAL
    return Privacy.INTERNAL if column.type in {"boolean", "timestamp"} else Privacy.PERSONAL


def guess_roles(columns: Iterable[LiveColumn]) -> dict[str, tuple[Role, str]]:
    """Column name → (role, the word that told): each role once, to the first column that seems to have it."""
    result: dict[str, tuple[Role, str]] = {}
    for column in columns:
        role, word = guess_role(column)
        if role is not None and role not in {r for r, _ in result.values()}:
            result[column.name] = (role, word)
    return result


def _terms(name: str) -> list[str]:
    """The words of a name, plain and lower case, and each two neighbours together: ``opt_in`` → opt, in, optin."""
    plain = [word.lower().translate(_PLAIN) for word in words(name)]
    return [*plain, *(a + b for a, b in pairwise(plain))]


def _is_itself(role: Role, seen: list[str]) -> bool:
    """``email_verified`` or ``mail_template_id`` is about an address, but is none."""
    about = {
        "verified",
        "template",
        "id",
        "count",
        "status",
        "hash",
        "type",
        "format",
        "bounced",
        "text",
        "body",
        "subject",
    }
    return not (role in {Role.EMAIL, Role.PHONE} and about & set(seen))
