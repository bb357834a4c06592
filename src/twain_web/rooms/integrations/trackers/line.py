"""The way to a tracker: its token from where IT keeps it, through the same guard as every webhook, the answer as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.flows.trackers import Tracker
from twain_web import engine
from twain_web.rooms.integrations import reaching, signing
from twain_web.rooms.integrations.trackers import TrackerApi, api, strange

_MOST_READ = 4_194_304  # octets: thirty issues with the longest texts that GitHub takes


class NotAnswered(Exception):
    """The tracker did not do what it was asked. *answer* says why, in both voices, without the token."""

    def __init__(self, answer: reaching.Answer) -> None:
        super().__init__(answer.why)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class HttpLine:
    """A way to one tracker: where it is, and the headers that say who asks."""

    tracker: Tracker
    signed: Mapping[str, str]
    secrets: tuple[str, ...]

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 — JSON
        """What is there."""
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""), None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 — JSON
        """Make something; it is sent to one address once, because it may have been taken there."""
        return self._ask("POST", path, json.dumps(body, ensure_ascii=False).encode("utf-8"))

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:  # noqa: ANN401 — JSON
        here = engine.instance().settings
        target = reaching.check(self.tracker.address + path, here.webhooks, production=here.production,
                                shown=self.tracker.address)  # fmt: skip
        told = {"Accept": "application/json", "User-Agent": "Twain/1", **self.signed}
        if body is not None:
            told["Content-Type"] = "application/json"
        answer, said = reaching.ask(method, target, body, told, here.webhooks, most=_MOST_READ, once=method == "POST")
        if not answer.ok:
            raise NotAnswered(self._told(answer))
        try:
            return json.loads(said)
        except ValueError as error:
            raise strange("it is no JSON, or too long") from error

    def _told(self, answer: reaching.Answer) -> reaching.Answer:
        for secret in self.secrets:
            answer = answer.hiding(secret)
        words = {
            401: _("It does not know the token, or not any more."),
            403: _("The token is good, but may not do this."),
            404: _("It is not there, or the token does not see it."),
        }.get(answer.status)
        return answer if words is None else reaching.Answer(answer.status, words, answer.technical, answer.retry_after)


def connect(tracker: Tracker) -> TrackerApi:
    """One tracker, ready to be asked. Raises ConfigError (T969) when its token is not where its file says."""
    try:
        token = signing.look_up(tracker.token_ref, engine.instance().root)
    except ConfigError as error:
        raise ConfigError(error.what, todo=error.todo, code="T969") from error
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"{tracker.token_ref} holds no token.", todo="It is one line of letters.", code="T969")
    kind = api(tracker.kind)
    signed = kind.signed(tracker, token)
    secrets = (token, *(value.partition(" ")[2] for value in signed.values() if " " in value))
    return kind(tracker, HttpLine(tracker, signed, secrets))
