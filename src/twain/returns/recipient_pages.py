"""The pages on which a recipient decides: leave or stay, topic by topic; a break; and why a message came at all.

Everything that is not our own word is escaped: titles come from a policy file, subjects from people's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

from twain.records import Suppression
from twain.returns.facts import BASES, Consented, Sent, Topic, said_in
from twain.returns.pages import Place, layout
from twain.returns.words import day, words


class Speaker:
    """Writes the pages about one send in one language."""

    def __init__(self, tongue: str, sent: Sent, place: Place) -> None:
        self._tongue, self._sent, self._place = tongue, sent, place
        self._words = words(tongue)

    def ask(self, wishes: Sequence[Suppression] = ()) -> bytes:
        """Whether to unsubscribe, and from how much; or that it is done already (*wishes*). Looking at it changes nothing."""
        stopped = _widest(wishes, {"all", f"channel:{self._sent.channel}"})
        if stopped is not None and (stopped.until is None or not stopped.own):
            return self._already(stopped)
        more = f"<p>{self._say('ask_of', company=self._sent.company)}</p>"
        return self._page(self._word("ask"), more + self._ways_out())

    def _already(self, stopped: Suppression) -> bytes:
        text = f'<p role="status">{self._how_stopped(stopped)}</p>'
        back = f"<p>{self._say('changed_mind')}</p>{self._to_choose()}" if stopped.own else ""
        return self._page(self._word("already"), text + back, linked="p" if stopped.own else "")

    def _to_choose(self) -> str:
        return f'<p><a href="../p/{self._place.token}{self._asked}">{self._say("to_choose")}</a></p>'

    def done(self, scope: str) -> bytes:
        """What was stopped, and that it can be undone."""
        topic = self._topic_of(scope)
        text = self._say("done_topic", topic=self._title(topic)) if topic else self._say("done_more")
        body = f'<p role="status">{text}</p><p>{self._say("changed_mind")}</p>{self._to_choose()}'
        return self._page(self._word("done"), body, linked="p")

    def preferences(self, wishes: Sequence[Suppression], *, saved: bool = False) -> bytes:
        """What somebody gets, and a button for each change. *wishes*: what is in force for their address."""
        stopped = _widest(wishes, {"all", f"channel:{self._sent.channel}"})
        parts = [f'<p class="soft">{self._say("choose_more")}</p>']
        parts += [f'<p class="note" role="status">{self._say("saved")}</p>'] if saved else []
        parts += [self._stopped(stopped)] if stopped else []
        parts += [self._topics(wishes, stopped), self._channels(wishes)]
        parts += [self._break()] if stopped is None else []
        parts += [self._everything()] if stopped is None or stopped.scope != "all" else []
        return self._page(self._word("choose", company=self._sent.company), "".join(parts))

    def why(self, title: str, consent: Consented | None = None, *, as_seen: bool = True) -> bytes:
        """Why a message came. *title*: what it was called; empty when nobody knows any more. *consent*: since when they agree.

        *as_seen*: it is the title that the reader saw; False: what was personal in it is gone, and the page says so.
        """
        without = "" if as_seen or not title else f'<br><span class="soft">{self._say("why_without")}</span>'
        rows = [
            ("why_title", self._message(title) + without),
            ("why_topic", self._about()),
            ("why_basis", self._basis(consent)),
        ]
        rows += [("why_sender", self._sender()), ("why_stop", self._how_to_stop())]
        told = "".join(f"<dt>{self._say(label)}</dt><dd>{html}</dd>" for label, html in rows if html)
        return self._page(self._word("why"), f"<dl>{told}</dl>", linked="up")

    # ------------------------------------------------------------ words

    @property
    def _asked(self) -> str:
        return f"?lang={self._place.chosen}" if self._place.chosen else ""

    def _word(self, key: str, **names: str) -> str:
        """Our words, with *names* in them; text, not HTML."""
        said: str = self._words[key]
        return said.format(**names)

    def _say(self, key: str, **names: str) -> str:
        return escape(self._word(key, **names))

    def _page(self, title: str, body: str, *, linked: str = "") -> bytes:
        place = replace(self._place, linked=linked)
        return layout(self._tongue, title, body, company=self._sent.company, place=place)

    def _title(self, topic: Topic) -> str:
        return said_in(topic.titles, self._tongue, self._sent.language)

    def _description(self, topic: Topic) -> str:
        return escape(said_in(topic.descriptions, self._tongue, self._sent.language))

    def _channel(self, name: str) -> str:
        return said_in(self._sent.channels.get(name, {}), self._tongue, self._sent.language) or name

    def _topic_of(self, scope: str) -> Topic | None:
        return next((topic for topic in self._sent.topics if topic.scope == scope), None)

    def _button(self, word: str, *, label: str = "", deed: bool = False, **fields: str) -> str:
        if "leave" in fields:  # the confirm page's buttons are the one click of RFC 8058, and more
            fields = {"List-Unsubscribe": "One-Click", **fields}
        hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in fields.items())
        named = f' aria-label="{escape(label)}"' if label else ""
        look = ' class="deed"' if deed else ""
        return f'<form method="post">{hidden}<button{look}{named}>{escape(word)}</button></form>'

    # ------------------------------------------------------------ leaving

    def _ways_out(self) -> str:
        topic = self._sent.topic
        several = len(self._sent.channels) > 1
        all_of_it = self._word("stop_channel", channel=self._channel(self._sent.channel)) if several else ""
        ways = [self._button(all_of_it or self._word("stop_mails"), deed=True, leave="channel")]
        if topic is not None:
            word = self._word("stop_topic", topic=self._title(topic))
            ways.append(self._button(word, leave="topic"))
        return f'<div class="deeds">{"".join(ways)}</div>'

    # ------------------------------------------------------------ choosing

    def _stopped(self, entry: Suppression) -> str:
        button = self._button(self._word("resume"), deed=True, do="resume") if entry.own else ""
        return f'<div class="note"><p>{self._how_stopped(entry)}</p>{button}</div>'

    def _how_stopped(self, entry: Suppression) -> str:
        if not entry.own:
            return self._say("held_all", address=self._sent.sender.reply_to or self._sent.sender.address)
        if entry.until is not None:
            return self._say("paused_now", date=day(self._tongue, entry.until, self._sent.zone))
        if entry.scope == "all" or len(self._sent.channels) < 2:
            return self._say("stopped_now")
        return self._say("stopped_channel_now", channel=self._channel(self._sent.channel))

    def _topics(self, wishes: Sequence[Suppression], stopped: Suppression | None) -> str:
        if not self._sent.topics:
            return ""
        rows = "".join(
            self._row(self._title(t), self._description(t), t.scope, _widest(wishes, {t.scope}), stopped)
            for t in self._sent.topics
        )
        return f'<h2>{self._say("topics")}</h2><ul class="rows">{rows}</ul>'

    def _channels(self, wishes: Sequence[Suppression]) -> str:
        if len(self._sent.channels) < 2:
            return ""
        everything = _widest(wishes, {"all"})
        rows = "".join(
            self._row(self._channel(name), "", f"channel:{name}", _widest(wishes, {f"channel:{name}"}), everything)
            for name in self._sent.channels
        )
        return f'<h2>{self._say("channels")}</h2><ul class="rows">{rows}</ul>'

    def _row(
        self, title: str, description: str, scope: str, wish: Suppression | None, stopped: Suppression | None
    ) -> str:
        """One thing to leave or to get again, and whether they get it; *stopped*: what stops it together with the rest."""
        state, look = (
            ("gets_not", "gets-not") if wish else ("gets_not_now", "gets-not") if stopped else ("gets", "gets")
        )
        if any(one is not None and not one.own for one in (wish, stopped)):
            button, state = "", "held_by_us"
        else:
            deed = "join" if wish or stopped else "leave"
            button = self._button(
                self._word(deed), label=self._word(f"{deed}_named", topic=title), do=deed, scope=scope
            )
        more = f'<p class="soft">{description}</p>' if description else ""
        told = f'<p class="name">{escape(title)}</p>{more}<p class="{look}">{self._say(state)}</p>'
        return f"<li><div>{told}</div>{button}</li>"

    def _break(self) -> str:
        button = self._button(self._word("pause"), do="pause")
        return f'<h2>{self._say("break")}</h2><p>{self._say("break_more")}</p><div class="deeds">{button}</div>'

    def _everything(self) -> str:
        more = self._say("everything_more", company=self._sent.company)
        button = self._button(self._word("stop_all"), do="leave", scope="all")
        return f'<h2>{self._say("everything")}</h2><p>{more}</p><div class="deeds">{button}</div>'

    # ------------------------------------------------------------ why

    def _message(self, title: str) -> str:
        if self._sent.at is None:
            return escape(title)
        date = day(self._tongue, self._sent.at, self._sent.zone)
        return self._say("why_title_sent", title=title, date=date) if title else self._say("why_sent", date=date)

    def _about(self) -> str:
        topic = self._sent.topic
        if topic is None:
            return self._say("why_no_topic")
        more = self._description(topic)
        return escape(self._title(topic)) + (f'<br><span class="soft">{more}</span>' if more else "")

    def _basis(self, consent: Consented | None) -> str:
        basis = self._sent.topic.basis if self._sent.topic is not None else ""
        why = self._say(f"basis_{basis if basis in BASES else 'unknown'}")
        if consent is None:
            return why
        date = day(self._tongue, consent.at, self._sent.zone)
        return f"{why}<br>{self._say(f'agreed_{consent.how}', date=date)}"

    def _sender(self) -> str:
        sender = self._sent.sender
        lines: list[Any] = [sender.name or self._sent.company, sender.address, sender.postal_address]
        return "<br>".join(escape(line) for line in lines if line)

    def _how_to_stop(self) -> str:
        links = (("u", "to_stop"), ("p", "to_choose"))
        ways = " · ".join(
            f'<a href="../{to}/{self._place.token}{self._asked}">{self._say(word)}</a>' for to, word in links
        )
        return f"{self._say('why_stop_more', button=self._word('to_stop'))}<br>{ways}"


def _widest(wishes: Sequence[Suppression], scopes: set[str]) -> Suppression | None:
    """What stops these scopes: of several the one that lasts longest, and before all one that is not the person's own."""
    found = [wish for wish in wishes if wish.scope in scopes]
    return max(found, key=lambda w: (not w.own, w.until is None, w.until or 0.0, w.scope == "all"), default=None)
