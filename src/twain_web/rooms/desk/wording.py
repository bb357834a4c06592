"""Requests in the words of letters and pages: always a question, never an order."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain.flows.request_types import RequestType
from twain_web.rooms.desk.models import Letter, Request
from twain_web.rooms.desk.states import Verb
from twain_web.rooms.people.public import named

#: What a link or a button says.
ANSWERS = {
    "accept": gettext_lazy("Yes, by the day that is wished for"),
    "promise": gettext_lazy("Yes, by another day"),
    "decline": gettext_lazy("Offer a simpler way"),
    "question": gettext_lazy("Ask back"),
    "start": gettext_lazy("Work has begun"),
    "wait": gettext_lazy("It waits for somebody outside"),
    "arrive": gettext_lazy("What was waited for has come"),
    "show": gettext_lazy("It should be there: please look"),
    "reply": gettext_lazy("Answer the question"),
    "adopt": gettext_lazy("Take this way"),
    "ask-again": gettext_lazy("It will not do: ask again"),
    "withdraw": gettext_lazy("It is not needed any more"),
    "confirm": gettext_lazy("It is there, and it serves"),
    "dispute": gettext_lazy("Something is missing"),
}
#: What is asked for beside the answer: words (and whether they must be there), a day.
ASKED = {
    "accept": (gettext_lazy("A word with it, if you like"), False, False),
    "promise": (gettext_lazy("A word with it, if you like"), False, True),
    "decline": (gettext_lazy("Which way is simpler, and why it serves as well"), True, None),
    "question": (gettext_lazy("What do you need to know?"), True, False),
    "start": (gettext_lazy("A word with it, if you like"), False, False),
    "wait": (gettext_lazy("Who is waited for, and for what?"), True, False),
    "arrive": (gettext_lazy("A word with it, if you like"), False, False),
    "show": (gettext_lazy("Where to look"), False, False),
    "reply": (gettext_lazy("Your answer"), True, False),
    "adopt": (gettext_lazy("A word with it, if you like"), False, False),
    "ask-again": (gettext_lazy("Why it will not do"), True, False),
    "withdraw": (gettext_lazy("A word with it, if you like"), False, False),
    "confirm": (gettext_lazy("A word with it, if you like"), False, False),
    "dispute": (gettext_lazy("What is missing?"), True, False),
}
#: One sentence for each event: {who} did it.
TOLD = {
    Verb.TAKE: gettext_lazy("%(who)s found it in the catalogue: already available"),
    Verb.ASK: gettext_lazy("%(who)s asked"),
    Verb.QUESTION: gettext_lazy("%(who)s asks back"),
    Verb.REPLY: gettext_lazy("%(who)s answered"),
    Verb.PROMISE: gettext_lazy("%(who)s gave a date"),
    Verb.START: gettext_lazy("%(who)s has begun"),
    Verb.WAIT: gettext_lazy("%(who)s waits for somebody outside"),
    Verb.ARRIVE: gettext_lazy("%(who)s has what was waited for"),
    Verb.SHOW: gettext_lazy("%(who)s thinks that it is there: please look"),
    Verb.DECLINE: gettext_lazy("%(who)s offers a simpler way"),
    Verb.ADOPT: gettext_lazy("%(who)s takes the simpler way"),
    Verb.AGREE: gettext_lazy("%(who)s takes the simpler way"),
    Verb.NAME: gettext_lazy("%(who)s said what exactly will be there"),
    Verb.WITHDRAW: gettext_lazy("%(who)s needs it no more"),
    Verb.OBSERVE: gettext_lazy("The automatic check has seen it"),
    Verb.CONFIRM: gettext_lazy("%(who)s says that it is there, and serves"),
    Verb.DISPUTE: gettext_lazy("%(who)s says that something is missing"),
    Verb.NOT_YET: gettext_lazy("%(who)s looked: not there yet"),
    Verb.REGRESS: gettext_lazy("What was there is lost again"),
    Verb.SETTLE: gettext_lazy("It has stayed for thirty days"),
    Verb.ESCALATE: gettext_lazy("No answer in the agreed time: %(to)s is asked now"),
}
CHANGES = {
    "standard": gettext_lazy("Agreed in advance: no approval is needed."),
    "normal": gettext_lazy("One named colleague looks at it first."),
    "emergency": gettext_lazy("Done at once, looked at afterwards."),
}
_SUBJECTS = {
    "asked": gettext_lazy("A question from %(asker)s: %(outcome)s"),
    "question": gettext_lazy("%(it)s asks back: %(outcome)s"),
    "offer": gettext_lazy("A simpler way for: %(outcome)s"),
    "there": gettext_lazy("It is there: %(outcome)s"),
    "look": gettext_lazy("Please look: %(outcome)s"),
    "news": gettext_lazy("About: %(outcome)s"),
}


def answer(verb: str, request: Request) -> str:
    """What the button or link of an answer says about this request: the day that is wished for, by name."""
    if verb == "accept" and request.wanted_by:
        return _("Yes, by %s") % date_format(request.wanted_by, "l j F")
    if verb == "promise" and request.promises.exists():
        return _("Give another day")
    if verb == "promise" and not request.wanted_by:
        return _("Yes, by a day that you name")
    return str(ANSWERS[verb])


def subject(letter: Letter) -> str:
    """The subject of a letter, on one line."""
    request = letter.event.request
    names = {
        "asker": request.asker.full_name,
        "it": getattr(request.answers, "full_name", _("IT")),
        "outcome": request.outcome,
    }
    return " ".join((str(_SUBJECTS[letter.kind]) % names).split())[:180]


def told(verb: str, who: str, detail: dict[str, object] | None = None) -> str:
    """One event in a sentence."""
    to = (detail or {}).get("to")
    return str(TOLD[Verb(verb)]) % {"who": f"{who}," if "," in who else who, "to": named(str(to)).shown if to else ""}


def wish(request: Request, kind: RequestType | None) -> list[str]:
    """The request in lines: what, what for, by when and why then, for how long."""
    by = (
        _("Wished for by %s") % date_format(request.wanted_by, "l j F Y")
        if request.wanted_by
        else _("No day is wished for")
    )
    return [
        f"“{request.outcome}”",
        "",
        *([_("What it is for: %s") % request.purpose] if request.purpose else []),
        f"{by}: {request.why}" if request.why else f"{by}.",
        *([_("For %s days.") % request.for_days] if request.for_days else []),
        *([_("Asked as: %s") % kind.title] if kind else []),
    ]
