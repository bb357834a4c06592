"""What other rooms may use of this one."""

from __future__ import annotations

from twain_web.rooms.campaigns import programs
from twain_web.rooms.campaigns.actions.launching import withdraw_what_was_due
from twain_web.rooms.campaigns.programs import Launched, Planned, Reviewed, Tried
from twain_web.rooms.campaigns.reads.cards import CampaignCard
from twain_web.rooms.campaigns.reads.cards import cards as campaigns
from twain_web.rooms.campaigns.reads.live import BESIDE, Beside
from twain_web.rooms.campaigns.reads.sends import LiveSend, card_of_run, names_of, open_sends
from twain_web.rooms.campaigns.reads.trials import Answered, Trial, newest_trial, trials, try_campaign
from twain_web.rooms.campaigns.reads.waiting import Waiting, waiting_for
from twain_web.rooms.campaigns.records import campaign_record
from twain_web.rooms.campaigns.senders import look_again, senders
from twain_web.rooms.campaigns.telling import TELLERS

__all__ = [
    "BESIDE",
    "TELLERS",
    "Answered",
    "Beside",
    "CampaignCard",
    "Launched",
    "LiveSend",
    "Planned",
    "Reviewed",
    "Trial",
    "Tried",
    "Waiting",
    "campaign_record",
    "campaigns",
    "card_of_run",
    "look_again",
    "names_of",
    "newest_trial",
    "open_sends",
    "programs",
    "senders",
    "trials",
    "try_campaign",
    "waiting_for",
    "withdraw_what_was_due",
]
