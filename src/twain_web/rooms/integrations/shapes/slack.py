"""A Slack channel, by an incoming webhook of Slack's (or of a chat that takes the same: Mattermost, Rocket.Chat).

Slack's rules for text: ``&``, ``<`` and ``>`` are written as entities, and nothing else is; a link is ``<address|words>``.
``verbatim`` keeps it from making links and mentions of words that only look like one.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from twain_web.rooms.integrations.sentences import Sentence
from twain_web.rooms.integrations.shapes import Shape

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """Text that Slack shows as it stands: no mention, no link, nobody called."""
    return text.translate(_ENTITIES)


def write(told: Sentence) -> Mapping[str, Any]:
    """What is posted: *text* for notifications and old clients, one block for everybody else."""
    link = f"<{escaped(told.url).replace('|', '%7C')}|{escaped(told.link).replace('|', ' ')}>"
    words = {"type": "mrkdwn", "text": f"{escaped(told.text)}\n{link}", "verbatim": True}
    return {"text": f"{escaped(told.text)} {link}", "blocks": [{"type": "section", "text": words}]}


SHAPE = Shape(
    "slack",
    "Slack",
    _("Slack's own page of incoming webhooks makes one for a channel: https://hooks.slack.com/services/…"),  # type: ignore[arg-type]
    write,
)
