"""What higher rooms may use of this one."""

from twain_web.rooms.integrations.domains import DomainCard, RecordCard, domain_card, domain_cards
from twain_web.rooms.integrations.probing import want_a_look

__all__ = ["DomainCard", "RecordCard", "domain_card", "domain_cards", "want_a_look"]
