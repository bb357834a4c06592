"""What higher rooms may use of this one."""

from twain_web.rooms.integrations import programs
from twain_web.rooms.integrations.domains import DomainCard, RecordCard, domain_card, domain_cards, domain_levels
from twain_web.rooms.integrations.mirroring import ASKED, Asked
from twain_web.rooms.integrations.mirrors import Mirror, TrackerCard, mirrors, tracker_cards
from twain_web.rooms.integrations.probing import want_a_look
from twain_web.rooms.integrations.programs import ListedEndpoint, NotDelivered
from twain_web.rooms.integrations.troubles import troubles

__all__ = [
    "ASKED",
    "Asked",
    "DomainCard",
    "ListedEndpoint",
    "Mirror",
    "NotDelivered",
    "RecordCard",
    "TrackerCard",
    "domain_card",
    "domain_cards",
    "domain_levels",
    "mirrors",
    "programs",
    "tracker_cards",
    "troubles",
    "want_a_look",
]
