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
    """Send what waits, over one connection of each channel; how many the relays took.

    Each mail is claimed just before it goes, so that two who work here never send the same.
    """
    instance.ledger.expire_signups()
    rounds: dict[str, list[bytes]] = {}
    for identifier in instance.ledger.signups_to_mail():
        rounds.setdefault(_channel_of(instance, identifier), []).append(identifier)
    return sum(_Round(instance, channel, waiting).send() for channel, waiting in rounds.items())


def _channel_of(instance: Instance, identifier: bytes) -> str:
    """The way its form's mails take; empty when the form can't be read any more."""
    signup = instance.ledger.signup(identifier)
    try:
        return read_form(instance.root, signup.form).channel if signup else ""
    except TwainError:
        return ""


class _Round:
    """ports.Feeder over the mails that wait for one channel."""

    def __init__(self, instance: Instance, channel: str, waiting: Sequence[bytes]) -> None:
        self._instance, self._channel = instance, channel
        self._waiting = list(reversed(waiting))
        self._under_way: dict[int, Signup] = {}
        self._tickets = 0
        self._taken = 0

    def send(self) -> int:
        """Send them; how many the relay took. A relay that cannot be reached is asked again, longer and longer."""
        if not self._channel:
            self.take(len(self._waiting))  # nothing can be built: each is put off, and says why
            return 0
        try:
            channel = self._instance.channel(self._channel, connections=1)
            if channel.leaves_loopback:
                require_public_address(self._instance)
            channel.deliver(self)
        except TwainError as error:
            self._failed(error)
        return self._taken

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """The next ones that may go, claimed; None when all have."""
        ready: list[Envelope] = []
        while self._waiting and len(ready) < limit:
            signup = self._claimed()
            envelope = self._built(signup) if signup else None
            if signup and envelope:
                self._under_way[envelope.ticket] = signup
                ready.append(envelope)
        return ready if ready or self._waiting else None

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """Note what became of one mail."""
        signup, now = self._under_way.pop(ticket), self._instance.clock.now()
        if outcome.fate in (Fate.SENT, Fate.UNCERTAIN):
            self._taken += 1
            self._instance.ledger.note_mail(signup.id, mailed_at=now)
            return
        final = outcome.fate is Fate.FAILED or signup.mail_tries >= _MOST_TRIES
        again = signup.expires_at if final else _again(signup, now)
        self._instance.ledger.note_mail(signup.id, again=again, problem=outcome.reply or outcome.reason)

    def recalled(self) -> Sequence[int]:
        """Nobody takes them back: their addresses asked for them a moment ago."""
        return ()

    def tick(self) -> None:
        """Everything is noted as it is answered."""

    def _claimed(self) -> Signup | None:
        """The next one, durably claimed; None when somebody else has it, or its address may get no mail."""
        signup = self._instance.ledger.take_mail(self._waiting.pop())
        if signup is None:
            return None
        entry = self._instance.ledger.suppression(signup.address_hash)
        if entry is not None and not entry.own and entry.reason in NO_MAIL:
            self._instance.ledger.note_mail(signup.id, again=signup.expires_at, problem=f"not mailed: {entry.reason}")
            return None
        return signup

    def _built(self, signup: Signup) -> Envelope | None:
        self._tickets += 1
        try:
            return _envelope(self._instance, signup, self._tickets)
        except TwainError as error:
            self._put_off(signup, error)
            return None

    def _failed(self, error: TwainError) -> None:
        """The relay, or what is needed before it, failed: that is so for everybody who still waits in this round."""
        while self._waiting:
            signup = self._claimed()
            if signup is not None:
                self._put_off(signup, error)

    def _put_off(self, signup: Signup, error: TwainError) -> None:
        again = _again(signup, self._instance.clock.now())
        self._instance.ledger.note_mail(signup.id, again=again, problem=f"{error.shown_code} {error.what}"[:300])


def _again(signup: Signup, now: float) -> float:
    return now + min(MAIL_PAUSE, 15.0 * 2.0 ** min(signup.mail_tries, 10))


def _envelope(instance: Instance, signup: Signup, ticket: int) -> Envelope:
    """One person's mail. Raises TwainError when its form, or its answers, can't be read any more."""
    form = read_form(instance.root, signup.form)
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
    return Envelope(ticket, sender.address.encode("ascii"), address.encode(), data)


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
            found.append(Problem.of(error))
    return found
