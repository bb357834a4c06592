"""Sender domains: what each needs in the DNS, what is there, and whether a send may go in its name."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from contextlib import suppress

from twain.delivery.channels.smtp_options import is_loopback
from twain.delivery.dkim import Signer
from twain.delivery.dkim_keys import fits, signers
from twain.delivery.domains import spf
from twain.delivery.domains.dns import Dns, Unreachable
from twain.delivery.domains.judge import Finding, Sender, judge
from twain.errors import ConfigError, Held, TwainError
from twain.flows.instance import Instance
from twain.records import Bundle, Level
from twain.settings import ChannelSettings, DomainSettings, Settings

Senders = Mapping[str, Sequence[tuple[str, str]]]
"""Domain → campaigns that send as it, each with its channel."""


def sender_domains(instance: Instance, also: Senders | None = None) -> list[Sender]:
    """Every domain that campaigns send as, or that twain.toml names, by name. A campaign that cannot be read is passed over.

    *also*: campaigns that are kept elsewhere than in files.
    """
    settings, using = instance.settings, _channels_by_domain(instance, also or {})
    return [_sender(settings, domain, using.get(domain, ())) for domain in sorted({*settings.domains, *using})]


def check_domains(instance: Instance, domain: str = "", *, also: Senders | None = None) -> list[Finding]:
    """The findings of all sender domains, or of one. Raises ConfigError for a domain that nobody here sends as."""
    known = sender_domains(instance, also)
    chosen = [one for one in known if domain.lower() in ("", one.domain)]
    if domain and not chosen:
        names = ", ".join(one.domain for one in known) or "none yet"
        raise ConfigError(f"Nobody here sends as {domain}.", todo=f"Sender domains: {names}.")
    asked = Dns(instance.settings.dns)
    return [finding for one in chosen for finding in judge(one, asked)]


def spf_lookups(instance: Instance, also: Senders | None = None) -> dict[str, int]:
    """How many DNS look-ups each sender domain's SPF record needs, of the ten that receivers make; 11 stands for more.

    A domain is left out whose record is not sound, or that cannot be asked for now.
    """
    asked = Dns(instance.settings.dns)
    found: dict[str, int] = {}
    for one in sender_domains(instance, also):
        with suppress(Unreachable):
            needed = spf.needed(one.domain, asked.resolve)
            found |= {} if needed is None else {one.domain: needed}
    return found


def check_bundle(instance: Instance, bundle: Bundle) -> list[Finding]:
    """The findings of the domain that this bundle sends as, by its own channel; nothing for a send that stays on this machine."""
    channel = bundle.body["channel"]
    if not instance.settings.production or not instance.channel(channel).leaves_loopback:
        return []
    domain = _domain_of(str(bundle.body["sender"]["address"]))
    return judge(_sender(instance.settings, domain, (channel,)), Dns(instance.settings.dns))


def require_domain(instance: Instance, bundle: Bundle) -> list[str]:
    """Raise Held while a record of the sender's domain is red; returns what is amber, in words."""
    found = check_bundle(instance, bundle)
    red = [one for one in found if one.level is Level.HOLD]
    if not red:
        return [f"{one.record} of {one.domain}: {one.what}" for one in found if one.level is Level.WARN]
    domain = red[0].domain
    raise Held(
        f"Mail from {domain} would be refused or lost: "
        + " ".join(f"{one.record} ({one.name}): {one.what}" for one in red),
        todo=f"twain domains {domain} shows each record as it should be; whoever runs its DNS sets it.",
        business=f"Mail from {domain} would not arrive: its entries in the DNS are not right ({_names(red)}). IT can mend them.",
        code="T650",
    )


def check_signatures(instance: Instance, channel: str) -> list[tuple[Signer, str]]:
    """For each key of a channel: why receivers cannot verify it by what the DNS has now; "" when they can."""
    asked = Dns(instance.settings.dns)
    return [(signer, _published(signer, asked)) for signer in signers(_channel(instance, channel))]


def _published(signer: Signer, asked: Dns) -> str:
    try:
        answers = asked.everywhere(signer.name, "TXT")
    except Unreachable as unknown:
        return str(unknown)
    for answer in answers:
        if len(answer.values) != 1:
            said = answer.error or ("has several records" if answer.values else "has no such record")
            return f"{answer.server} {said}"
        wrong = fits(signer, answer.values[0])
        if wrong:
            return f"{answer.server}: {wrong}"
    return ""


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(one.record for one in findings))


def _channels_by_domain(instance: Instance, also: Senders) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for name in instance.workspace.campaigns():
        try:
            campaign = instance.workspace.campaign(name)
        except TwainError:
            continue  # twain check says what is wrong with it
        found.setdefault(_domain_of(campaign.sender.address), {})[campaign.channel] = None
    for domain, sending in also.items():
        found.setdefault(domain, {}).update(dict.fromkeys(channel for _campaign, channel in sending))
    return {domain: tuple(channels) for domain, channels in found.items()}


def _sender(settings: Settings, domain: str, channels: Sequence[str]) -> Sender:
    """A domain with the keys and relays of the channels that send for it."""
    used = [settings.channels[name] for name in channels if name in settings.channels]
    keys = {signer.name: signer for channel in used for signer in signers(channel)}
    return Sender(
        domain,
        settings.domains.get(domain, DomainSettings()),
        tuple(keys.values()),
        tuple(dict.fromkeys(relay for channel in used for relay in _relay(channel))),
        tuple(channel.name for channel in used if not channel.dkim and channel.kind != "memory"),
    )


def _relay(channel: ChannelSettings) -> Sequence[str]:
    """The relay by its name in the DNS, if it has one there."""
    host = str(channel.options.get("host", "")).rstrip(".").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return () if "." not in host or is_loopback(host) else (host,)
    return ()


def _channel(instance: Instance, name: str) -> ChannelSettings:
    instance.channel(name)  # names those there are
    return instance.settings.channels[name]


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()
