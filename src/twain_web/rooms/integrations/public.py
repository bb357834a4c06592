"""What higher rooms may use of this one."""

from twain_web.rooms.integrations import programs
from twain_web.rooms.integrations.domains import DomainCard, RecordCard, domain_card, domain_cards, domain_levels
from twain_web.rooms.integrations.probing import want_a_look
from twain_web.rooms.integrations.programs import ListedEndpoint, NotDelivered
from twain_web.rooms.integrations.troubles import troubles

__all__ = [
    "DomainCard",
    "ListedEndpoint",
    "NotDelivered",
    "RecordCard",
    "domain_card",
    "domain_cards",
    "domain_levels",
    "programs",
    "troubles",
    "want_a_look",
]
