"""A Teams channel or chat, by a Workflows webhook: an Adaptive Card in an attachment.

The words stand in a RichTextBlock: unlike a TextBlock it reads no Markdown, so what a colleague typed makes no link.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from twain_web.rooms.integrations.sentences import Sentence
from twain_web.rooms.integrations.shapes import Shape


def write(told: Sentence) -> Mapping[str, Any]:
    """What is posted: one card with the sentence and a button that opens the house."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": told.text,
        "body": [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": told.text}]}],
        "actions": [{"type": "Action.OpenUrl", "title": told.link, "url": told.url}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


SHAPE = Shape(
    "teams",
    "Microsoft Teams",
    _("In Teams: the channel, Workflows, “Send webhook alerts to a channel”. It shows the address once it is made."),  # type: ignore[arg-type]
    write,
)
