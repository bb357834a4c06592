"""The few pages a recipient sees: plain words, no script, no picture, readable by anybody and by any screen reader."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape

_STYLE = (
    "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto 0;padding:0 1.5rem;"
    "color:#1a1a1a;background:#fff}"
    "h1{font-size:1.6rem;line-height:1.3}"
    "button{font:inherit;font-weight:600;padding:.7rem 1.6rem;border:0;border-radius:.4rem;"
    "background:#0b57d0;color:#fff;cursor:pointer}"
    "button:focus-visible{outline:3px solid #1a1a1a;outline-offset:3px}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}button{background:#a8c7fa;color:#062e6f}"
    "button:focus-visible{outline-color:#eee}}"
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

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "ask": "Stop these e-mails?",
        "ask_more": "Press the button and you will get no more of these e-mails. Nothing else is needed.",
        "button": "Unsubscribe",
        "done": "You are unsubscribed",
        "done_more": "You will get no more of these e-mails. One that is on its way already may still arrive today.",
        "unknown": "This link does not work",
        "unknown_more": "It may have been cut off. Please open the link in the e-mail again, or reply to that e-mail.",
        "later": "That did not work just now",
        "later_more": "We could not save your wish. Please try again in a few minutes.",
        "retry": "Please open the link again",
        "retry_more": "That did not work just now. Please open the link in the e-mail again in a few minutes.",
        "wrong": "This request could not be read",
        "wrong_more": "Please open the link in the e-mail again.",
    },
    "de": {
        "ask": "Diese E-Mails abbestellen?",
        "ask_more": "Ein Klick genügt: Sie bekommen dann keine dieser E-Mails mehr.",
        "button": "Abbestellen",
        "done": "Sie sind abgemeldet",
        "done_more": "Sie bekommen keine dieser E-Mails mehr. Eine, die schon unterwegs ist, kann heute noch ankommen.",
        "unknown": "Dieser Link funktioniert nicht",
        "unknown_more": "Vielleicht ist er unvollständig. Bitte öffnen Sie ihn in der E-Mail noch einmal, oder antworten Sie.",
        "later": "Das hat gerade nicht geklappt",
        "later_more": "Wir konnten Ihren Wunsch nicht speichern. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
        "retry": "Bitte öffnen Sie den Link noch einmal",
        "retry_more": "Das hat gerade nicht geklappt. Bitte öffnen Sie den Link in der E-Mail in ein paar Minuten noch einmal.",
        "wrong": "Diese Anfrage war nicht lesbar",
        "wrong_more": "Bitte öffnen Sie den Link in der E-Mail noch einmal.",
    },
    "fr": {
        "ask": "Ne plus recevoir ces e-mails ?",
        "ask_more": "Un clic suffit : vous ne recevrez plus ces e-mails.",
        "button": "Se désabonner",
        "done": "Vous êtes désabonné(e)",
        "done_more": "Vous ne recevrez plus ces e-mails. Un message déjà parti peut encore arriver aujourd’hui.",
        "unknown": "Ce lien ne fonctionne pas",
        "unknown_more": "Il est peut-être incomplet. Rouvrez le lien dans l’e-mail, ou répondez à cet e-mail.",
        "later": "Cela n’a pas fonctionné",
        "later_more": "Nous n’avons pas pu enregistrer votre demande. Réessayez dans quelques minutes.",
        "retry": "Rouvrez le lien, s’il vous plaît",
        "retry_more": "Cela n’a pas fonctionné. Rouvrez le lien dans l’e-mail dans quelques minutes.",
        "wrong": "Cette demande est illisible",
        "wrong_more": "Rouvrez le lien dans l’e-mail.",
    },
    "es": {
        "ask": "¿Dejar de recibir estos correos?",
        "ask_more": "Basta con un clic: no recibirá más correos como este.",
        "button": "Darse de baja",
        "done": "Se ha dado de baja",
        "done_more": "No recibirá más correos como este. Uno que ya esté en camino aún puede llegar hoy.",
        "unknown": "Este enlace no funciona",
        "unknown_more": "Puede que esté cortado. Vuelva a abrir el enlace del correo, o responda a ese correo.",
        "later": "Ahora mismo no ha funcionado",
        "later_more": "No hemos podido guardar su petición. Inténtelo de nuevo en unos minutos.",
        "retry": "Vuelva a abrir el enlace",
        "retry_more": "Ahora mismo no ha funcionado. Vuelva a abrir el enlace del correo en unos minutos.",
        "wrong": "No se ha podido leer la petición",
        "wrong_more": "Vuelva a abrir el enlace del correo.",
    },
}


def language(accepted: str) -> str:
    """The first language of an Accept-Language header that we have words in; English otherwise."""
    for item in accepted[:200].split(","):
        wanted = item.partition(";")[0].strip().lower().partition("-")[0]
        if wanted in _WORDS:
            return wanted
    return "en"


def confirm_page(tongue: str) -> bytes:
    """Asks whether to unsubscribe; its form posts to the page's own address. Looking at it changes nothing."""
    words = _WORDS[tongue]
    form = (
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
        f"<button>{escape(words['button'])}</button></form>"
    )
    return _page(tongue, words["ask"], words["ask_more"], form)


def message_page(tongue: str, name: str) -> bytes:
    """One of the plain answers: ``done``, ``unknown``, ``later``, ``retry``, ``wrong``."""
    words = _WORDS[tongue]
    return _page(tongue, words[name], words[f"{name}_more"], "")


def _page(tongue: str, title: str, text: str, form: str) -> bytes:
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</main></body></html>"
    ).encode()
