"""The mail that asks for confirmation: one person's mail, by the form's channel, made by the same compiler as every other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from twain.content import mime
from twain.content.links import LinkPlan
from twain.content.program import CompiledProgram, compile_program
from twain.errors import TwainError
from twain.flows.forms import FOLDER, check_places, read_form
from twain.flows.instance import Instance
from twain.flows.production import require_public_address
from twain.flows.signing_up import address_of, confirmation_mint
from twain.ledger.signups import MAIL_PAUSE
from twain.records import Column, Content, Envelope, Fate, Form, Outcome, Problem, Sender, Signup, Stamp, Wait
from twain.returns.form_pages import said

#: Who was marked so wants no mail of any kind, or can get none; whoever unsubscribed by themselves may sign up again.
NO_MAIL = frozenset({"erased", "complaint", "hard bounce"})
_MOST_TRIES = 12
_LINK = "confirm_url"
_BODY = """<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>
.button{{background:#0b57d0;color:#ffffff;padding:12px 28px;border-radius:6px;text-decoration:none;font-weight:bold}}
</style>
</head><body style="font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a">
{text}<p><a class="button" href="{{{{ confirm_url }}}}">{button}</a></p><p>{{{{ confirm_url }}}}</p><p>{not_you}</p>
<p style="color:#555555;font-size:13px">{postal}</p></body></html>"""


def mail_confirmations(instance: Instance) -> int:
    """Send what waits; how many the relays took. Each is claimed first, so that two who work here never send the same."""
    instance.ledger.expire_signups()
    taken = 0
    for identifier in instance.ledger.signups_to_mail():
        signup = instance.ledger.take_mail(identifier)
        if signup is not None:
            taken += _mail(instance, signup)
    return taken


def _mail(instance: Instance, signup: Signup) -> bool:
    """One mail; what became of it is noted. A relay that cannot be reached is asked again, longer and longer."""
    now = instance.clock.now()
    entry = instance.ledger.suppression(signup.address_hash)
    if entry is not None and not entry.own and entry.reason in NO_MAIL:
        instance.ledger.note_mail(signup.id, again=signup.expires_at, problem=f"not mailed: {entry.reason}")
        return False
    try:
        outcome = _deliver(instance, signup)
    except TwainError as error:
        instance.ledger.note_mail(
            signup.id, again=_again(signup, now), problem=f"{error.shown_code} {error.what}"[:300]
        )
        return False
    if outcome.fate in (Fate.SENT, Fate.UNCERTAIN):
        instance.ledger.note_mail(signup.id, mailed_at=now)
        return True
    final = outcome.fate is Fate.FAILED or signup.mail_tries >= _MOST_TRIES
    again = signup.expires_at if final else _again(signup, now)
    instance.ledger.note_mail(signup.id, again=again, problem=outcome.reply or outcome.reason)
    return False


def _again(signup: Signup, now: float) -> float:
    return now + min(MAIL_PAUSE, 15.0 * 2.0 ** min(signup.mail_tries, 10))


def _deliver(instance: Instance, signup: Signup) -> Outcome:
    form = read_form(instance.root, signup.form)
    channel = instance.channel(form.channel)
    if channel.leaves_loopback:
        require_public_address(instance)
    address = address_of(instance, signup, form)
    token = confirmation_mint(instance).token(signup.id)
    sender = form.sender or Sender("")
    domain = sender.address.rpartition("@")[2]
    message_id = f"<{signup.id.hex()}.{signup.mail_tries}@{domain}>".encode("ascii")
    stamp = Stamp(message_id, token.encode("ascii"), mime.date(instance.clock.now()))
    program = confirmation_program(form, signup.language)
    data = next(
        iter(program.render({"address": [address], _LINK: [f"{instance.settings.base_url}/j/{token}"]}, [stamp]))
    )
    feeder = OneMessage(Envelope(1, sender.address.encode("ascii"), address.encode(), data))
    channel.deliver(feeder)
    return feeder.outcome


def confirmation_program(form: Form, language: str) -> CompiledProgram:
    """The form's words, compiled. Raises ContentError with file, line and what to do."""
    spoken = language if language in form.words else next(iter(form.words))
    words, own, sender = form.words[spoken], said(spoken), form.sender or Sender("")
    text = "".join(f"<p>{escape(part)}</p>" for part in words.mail_text.split("\n\n"))
    body = _BODY.format(
        language=spoken,
        text=text,
        button=escape(own["mail_button"]),
        not_you=escape(own["mail_not_you"]),
        postal=escape(sender.postal_address),
    )
    place = form.place(f"words.{spoken}.mail_text")
    content = Content(words.mail_subject, body, "html", places={"subject": place, "body": place})
    return compile_program(
        content,
        columns=[Column(_LINK, "string", nullable=False)],
        defaults={},
        sender=sender,
        links=LinkPlan("", track=False),
        business_names={_LINK: "the link"},
    )


def check_forms(instance: Instance) -> list[Problem]:
    """What is wrong with the forms of the workspace: their files, their mails, where they send what they get."""
    found: list[Problem] = []
    for path in sorted((instance.root / FOLDER).glob("*.toml")):
        try:
            form = read_form(instance.root, path.stem)
            found += check_places(instance.settings, form)
            if form.double_opt_in:
                for language in form.words:
                    confirmation_program(form, language)
        except TwainError as error:
            found.append(Problem("error", error.shown_code, error.what, error.todo, error.place, error.business))
    return found


class OneMessage:
    """ports.Feeder with one message in it; *outcome* is what the relay said, or that it said nothing."""

    def __init__(self, envelope: Envelope) -> None:
        self._waiting = [envelope]
        self.outcome = Outcome(0, Fate.DEFERRED, "unsent", "The relay was not asked.")

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """The message, once."""
        return [self._waiting.pop()] if self._waiting and limit else None

    def answer(self, ticket: int, outcome: Outcome) -> None:  # noqa: ARG002 — there is only one
        """Keep what the relay said."""
        self.outcome = outcome

    def recalled(self) -> Sequence[int]:
        """Nobody takes it back: its address asked for it a moment ago."""
        return ()

    def tick(self) -> None:
        """Nothing to keep."""
