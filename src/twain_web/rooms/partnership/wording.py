"""What the letters of this room say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.utils import formataddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain.calendars import ics
from twain_web import kept
from twain_web.rooms.partnership.models import Item, Letter, StatusCheck, VendorReview
from twain_web.rooms.partnership.reads import checks, vendors
from twain_web.rooms.partnership.sides import lead_of, side_of

SALT = "twain.partnership.letter"
_K = Letter.Kind
_OF_CHECKS = (_K.PLANNED, _K.AGENDA, _K.MINUTES)


def mail_of(letter: Letter) -> EmailMessage:
    """The mail as it goes out now, to the person as they are named."""
    other = _other(letter)
    mail = EmailMessage(
        subject=_one_line(subject(letter)), body="\n".join(_lines(letter)),
        to=[formataddr((_one_line(str(letter.person)), letter.person.email))],
        reply_to=[other.email] if other and other.email else [],
        headers={} if letter.kind == _K.THANKS else {"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    if letter.kind == _K.PLANNED and letter.check_of is not None:
        mail.attach("status-check.ics", entry(letter.check_of), "text/calendar")
    return mail


def subject(letter: Letter) -> str:
    """The subject, which says who and what."""
    if letter.kind == _K.THANKS:
        return _("Thank you, from %s") % letter.thanks.by  # type: ignore[union-attr]
    if letter.kind == _K.FORWARD:
        return _("A thank-you to %s") % letter.thanks.to  # type: ignore[union-attr]
    if letter.check_of is not None:
        words = {_K.PLANNED: _("Status check on %s"), _K.AGENDA: _("Agenda: status check on %s"),
                 _K.MINUTES: _("Notes of the status check on %s")}  # fmt: skip
        return words[_K(letter.kind)] % _day(letter.check_of)
    words = {_K.SCORE: _("Please score %s, blind"), _K.REVEALED: _("What both teams think of %s")}
    return words[_K(letter.kind)] % letter.review


def entry(check: StatusCheck) -> bytes:
    """The check for a calendar; the same event when it moves."""
    host = settings.WEB_URL.split("//")[-1].split(":")[0] or "twain"
    text = "\n".join(
        [*(f"{part.minutes}' {part.title}" for part in checks.agenda(check)), settings.WEB_URL + check.url]
    )
    title = _("Status check: %(one)s and %(other)s") % {"one": check.marketing.full_name, "other": check.it.full_name}
    event = ics.Entry(f"status-check-{check.pk}@{host}", title, check.begins_at, check.ends_at, text)
    return ics.write(_("Status check"), [event], timezone.now())


def _one_line(words: str) -> str:
    """Names on one line: nothing in them begins another header, and none keeps a letter from going."""
    return "".join(c for c in " ".join(words.split()) if c.isprintable())


def _other(letter: Letter) -> Any:  # noqa: ANN401 — a Person: whom an answer goes to
    if letter.thanks is not None:
        return letter.thanks.by if letter.kind == _K.THANKS else letter.thanks.to
    if letter.check_of is not None:
        return letter.check_of.it if letter.person_id == letter.check_of.marketing_id else letter.check_of.marketing
    return letter.review.by if letter.review is not None else None


def _lines(letter: Letter) -> Iterator[str]:
    yield from (f"{letter.person},", "")
    if letter.thanks is not None:
        yield from _thanks(letter)
    elif letter.check_of is not None:
        yield from _check(letter, letter.check_of)
    elif letter.review is not None:
        yield from _vendor(letter, letter.review)


def _thanks(letter: Letter) -> Iterator[str]:
    said = letter.thanks
    if said is None:
        return
    if letter.kind == _K.FORWARD:
        yield from (_("%(to)s passes this thank-you on to you. %(by)s wrote:") % {"to": said.to, "by": said.by}, "")
    yield from (said.words, "", str(said.by), "")
    if said.facts:
        yield from (_("What Twain knows of it:"), *(f"- {fact}" for fact in said.facts), "")
    if letter.kind == _K.THANKS:
        lead = lead_of(side) if (side := side_of(said.to)) else None
        whom = lead if lead is not None and lead.pk != said.to_id else _("your lead")
        yield (
            _("Only you have got this. If you like, pass it on to %s; the link opens a page that asks once more:")
            % whom
        )
        yield kept.link(letter, "forward", route="partnership:forward", salt=SALT)


def _check(letter: Letter, check: StatusCheck) -> Iterator[str]:
    words = {"day": _day(check), "minutes": check.MINUTES, "one": check.marketing, "other": check.it}
    if letter.kind == _K.MINUTES:
        yield from _minutes(check)
        return
    yield from (_("%(day)s, %(minutes)s minutes: %(one)s and %(other)s.") % words, "")
    for part in checks.agenda(check):
        yield f"{part.title} ({checks.minutes_shown(part.minutes)})"
        yield from _bullets([line.text for line in part.lines] or [part.quiet])
    yield from (_("The agenda as it stands, with everything to click on:"), settings.WEB_URL + check.url)


def _minutes(check: StatusCheck) -> Iterator[str]:
    if check.notes:
        yield from (check.notes, "")
    settled = list(check.settled.values_list("text", flat=True))
    left = list(Item.objects.filter(settled_in=None).values_list("text", flat=True))
    for title, items in ((_("Done:"), settled), (_("Carried into the next one:"), left)):
        if items:
            yield title
            yield from _bullets(items)
    yield settings.WEB_URL + check.url


def _vendor(letter: Letter, review: VendorReview) -> Iterator[str]:
    yield from (review.purpose, "")
    if letter.kind == _K.SCORE:
        yield _(
            "Both teams score alone; everything is shown at once when the last of you is done. It takes five minutes:"
        )
    else:
        apart = [line.name for line in vendors.lines(review) if line.open]
        yield _("You differ on: %s. Talk about these.") % ", ".join(apart) if apart else _("You see it alike.")
    yield settings.WEB_URL + review.url


def _bullets(lines: Iterable[str]) -> list[str]:
    return [*(f"- {line}" for line in lines if line), ""]


def _day(check: StatusCheck) -> str:
    return date_format(timezone.localtime(check.begins_at), "l j F, H:i")
