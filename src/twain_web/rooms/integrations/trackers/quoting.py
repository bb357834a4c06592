"""A colleague's words in Markdown, as GitHub and GitLab read it: a quotation that calls nobody and does nothing.

Begun with ``>`` no line is a quick action (GitLab runs ``/close`` or ``/assign`` at a line's beginning); punctuation is escaped,
so nothing is a picture, a link or HTML; a word joiner after ``@`` keeps anybody from being notified (both look for names after
rendering, where an escape is gone), one after ``#`` and ``!`` from being a reference to another issue.
"""

import re

from twain_web.rooms.integrations.trackers import Draft

_ESCAPED = re.compile(r"([\\`*_{}\[\]()<>#+.!|~&$-])")
_CALLS = re.compile(r"([@#!])(?=\w)")
_JOINER = "\N{WORD JOINER}"


def quoted(line: str) -> str:
    """One line of it."""
    return "> " + _ESCAPED.sub(r"\\\1", _CALLS.sub(rf"\1{_JOINER}", line))


def markdown(draft: Draft) -> str:
    """The whole text, with the mark where nobody sees it."""
    words = "\n>\n".join(quoted(line) for line in draft.lines)
    return f"{words}\n\n{draft.after}\n\n<!-- {draft.mark} -->"
