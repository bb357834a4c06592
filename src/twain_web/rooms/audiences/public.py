"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.audiences import programs
from twain_web.rooms.audiences.reads import USES, AudienceCard, Title, Use, authors, titles
from twain_web.rooms.audiences.reads import card as audience
from twain_web.rooms.audiences.reads import cards as audiences

__all__ = ["USES", "AudienceCard", "Title", "Use", "audience", "audiences", "authors", "programs", "titles"]
