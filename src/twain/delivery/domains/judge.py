"""The records a sender domain needs, exactly, and what every authoritative server has of them.

Red is what makes receivers refuse or discard mail: it blocks the domain's sends. Amber is what they frown at, or what could
not be seen. The rules: RFC 7208 (SPF), RFC 6376 and 8463 (DKIM), RFC 7489 (DMARC), RFC 8461 (MTA-STS), RFC 8460 (TLS
reports), RFC 7505 (null MX), and what Gmail and Yahoo ask of bulk senders since 2024.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from twain.delivery.dkim import Signer
from twain.delivery.dkim_keys import fits, read_tags
from twain.delivery.domains import spf
from twain.delivery.domains.dns import Answer, Dns, Unreachable
from twain.records import Level
from twain.settings import DomainSettings

_ORDER = {Level.PASS: 0, Level.WARN: 1, Level.HOLD: 2}
_MOST_SHOWN = 300
_MOST_ADDRESSES = 64
_POLICIES = ("none", "quarantine", "reject")

Judged = tuple[Level, str]
Rule = Callable[[tuple[str, ...]], Judged]
"""What one server's values are worth, and why; "" when they are right."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One domain in From, what IT says about it, the keys that sign for it, and the relays that it leaves by.

    *unsigned*: channels that send for it without a key of ours.
    """

    domain: str
    settings: DomainSettings = field(default_factory=DomainSettings)
    signers: tuple[Signer, ...] = ()
    relays: tuple[str, ...] = ()
    unsigned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One record: as it should be, and as it is. *found*: server → its values, or why it says nothing."""

    domain: str
    record: str
    level: Level
    name: str
    type: str
    wanted: str
    what: str
    todo: str
    found: tuple[tuple[str, str], ...] = ()


def judge(sender: Sender, asked: Dns) -> list[Finding]:
    """Every record of one domain, in the order in which they are set up. Never raises for what the DNS does or does not say."""
    found = [_mx(sender, asked), _spf(sender, asked), *_dkim(sender, asked), _dmarc(sender, asked)]
    return [*found, *_transport(sender, asked), *_reverse(sender, asked)]


def worst(findings: Sequence[Finding]) -> Level:
    """The level of all together."""
    return max((one.level for one in findings), key=_ORDER.__getitem__, default=Level.PASS)


# ---------------------------------------------------------------- one record on every server


@dataclass(frozen=True, slots=True)
class _Wanted:
    domain: str
    record: str
    name: str
    type: str
    value: str


def _hold(wanted: _Wanted, asked: Dns, rule: Rule, todo: str) -> Finding:
    """Hold each server's answer against the rule; the worst counts, and is said with the servers it came from."""
    try:
        answers = asked.everywhere(wanted.name, wanted.type)
        level, what = _judge_all(answers, rule)
    except Unreachable as unknown:
        answers, level, what = (), Level.WARN, str(unknown)
    except spf.Broken as broken:
        answers, level, what = asked.everywhere(wanted.name, wanted.type), Level.HOLD, f"{broken}."
    found = tuple((one.server, _shown(one)) for one in answers)
    return _finding(wanted, level, what, todo, found)


def _judge_all(answers: Sequence[Answer], rule: Rule) -> Judged:
    spoken = [one for one in answers if not one.error]
    silent = [one for one in answers if one.error]
    judged = {one.server: rule(one.values) for one in spoken}
    level = max((found for found, _ in judged.values()), key=_ORDER.__getitem__)
    words = sorted({what for found, what in judged.values() if found is level and what})
    guilty = [server for server, (found, _) in judged.items() if found is level]
    if words and len(guilty) < len(spoken):
        words.append(f"Only on {', '.join(guilty)}; the others differ.")
    if silent:
        level = max(level, Level.WARN, key=_ORDER.__getitem__)
        words += [f"{one.server} {one.error}." for one in silent]
    return level, " ".join(words)


def _finding(wanted: _Wanted, level: Level, what: str, todo: str, found: tuple[tuple[str, str], ...] = ()) -> Finding:
    told = "" if level is Level.PASS else todo
    return Finding(
        wanted.domain,
        wanted.record,
        level,
        wanted.name,
        wanted.type,
        wanted.value,
        what or "as it should be",
        told,
        found,
    )


def _shown(answer: Answer) -> str:
    return answer.error or (" | ".join(answer.values) or "none")[:_MOST_SHOWN]


# ---------------------------------------------------------------- the records


def _mx(sender: Sender, asked: Dns) -> Finding:
    """Where bounces go: a domain that takes no mail is refused as a sender by many."""
    relay = sender.relays[0] if sender.relays else f"mx.{sender.domain}"
    wanted = _Wanted(sender.domain, "MX", sender.domain, "MX", f"10 {relay}.")

    def rule(values: tuple[str, ...]) -> Judged:
        if any(one.split()[-1] == "." for one in values):
            return (
                Level.HOLD,
                "It says that it takes no mail (null MX): bounces are lost, and many receivers refuse it.",
            )
        hosts = [one.split()[-1] for one in values]
        if not hosts:
            if asked.resolve(sender.domain, "A") or asked.resolve(sender.domain, "AAAA"):
                return Level.WARN, "It has no MX, only an address: bounces go there."
            return Level.HOLD, "It has neither MX nor address: bounces are lost, and many receivers refuse it."
        if not any(asked.resolve(host, "A") or asked.resolve(host, "AAAA") for host in hosts):
            return Level.HOLD, f"{', '.join(hosts)} has no address: bounces are lost."
        return Level.PASS, ""

    return _hold(wanted, asked, rule, "Name the host that takes this domain's bounces.")


def _spf(sender: Sender, asked: Dns) -> Finding:
    told = sender.settings
    parts = [*(f"ip{ipaddress.ip_network(one).version}:{one}" for one in told.addresses)]
    parts += [f"include:{one}" for one in told.includes]
    parts = parts or [f"a:{relay}" for relay in sender.relays]
    wanted = _Wanted(sender.domain, "SPF", sender.domain, "TXT", " ".join(["v=spf1", *parts, "~all"]))
    rule = lambda values: _judge_spf(spf.records(values), sender, asked)  # noqa: E731 — one line, used once
    return _hold(wanted, asked, rule, "Publish this one record; merge into it what another one says.")


def _judge_spf(records: tuple[str, ...], sender: Sender, asked: Dns) -> Judged:
    if len(records) != 1:
        several = "There are several SPF records: receivers then take none (RFC 7208 §4.5)."
        return Level.HOLD, several if records else "There is no SPF record."
    sign = spf.ending(records[0])
    if sign == "+":
        return Level.HOLD, "It ends in +all: everybody may send in this name."
    refused = _refused(records[0], sender, asked)
    if refused:
        return Level.HOLD, refused
    if sign in ("", "?"):
        return Level.WARN, "It does not end in ~all or -all: others may send in this name."
    if not sender.settings.addresses and not sender.settings.includes:
        return (
            Level.WARN,
            f'Twain is not told which addresses mail leaves from: addresses = […] in [domains."{sender.domain}"].',
        )
    return Level.PASS, ""


def _refused(record: str, sender: Sender, asked: Dns) -> str:
    """Why receivers would refuse what leaves from the addresses that IT has told. Raises Broken for a record with a fault."""
    for address in (*_samples(sender.settings.addresses), spf.NOBODY):
        result = spf.Evaluation(address, asked.resolve).check(record, sender.domain)
        if result != "pass" and address is not spf.NOBODY:
            return f"Mail from {address} gets {result}."
    missing = [one for one in sender.settings.includes if f"include:{one}".lower() not in record.lower()]
    return f"It does not include {missing[0]}." if missing else ""


def _samples(addresses: Sequence[str]) -> Iterator[spf.Address]:
    """Of a network its first and its last address."""
    for text in addresses:
        network = ipaddress.ip_network(text)
        yield network[0]
        if network.num_addresses > 1:
            yield network[-1]


def _dkim(sender: Sender, asked: Dns) -> Iterator[Finding]:
    for signer in sender.signers:
        wanted = _Wanted(sender.domain, "DKIM", signer.name, "TXT", signer.record)
        yield _hold(wanted, asked, _own_key(signer), "Publish exactly this record.")
    for selector in sender.settings.selectors:
        name = f"{selector}._domainkey.{sender.domain}"
        wanted = _Wanted(sender.domain, "DKIM", name, "TXT", "v=DKIM1; k=rsa; p=<the relay's public key>")
        yield _hold(wanted, asked, _relays_key, "Ask whoever runs the relay for the record of this selector.")
    if sender.unsigned and not sender.settings.selectors:
        wanted = _Wanted(sender.domain, "DKIM", f"*._domainkey.{sender.domain}", "TXT", "")
        what = f"Twain knows of no signature on mail by {', '.join(sender.unsigned)}; Gmail and Yahoo refuse bulk mail without."
        todo = f"Sign here ([channels.{sender.unsigned[0]}.dkim], twain dkim new-key), or name the relay's selectors."
        yield _finding(wanted, Level.WARN, what, todo)


def _own_key(signer: Signer) -> Rule:
    def rule(values: tuple[str, ...]) -> Judged:
        if len(values) != 1:
            return (
                Level.HOLD,
                "There is no such record." if not values else "There are several records: none is sure to count.",
            )
        wrong = fits(signer, values[0])
        if wrong:
            return Level.HOLD, f"Our signatures do not verify: {wrong}."
        testing = "y" in read_tags(values[0]).get("t", "").split(":")
        return (Level.WARN, "It says t=y (testing): receivers may ignore it.") if testing else (Level.PASS, "")

    return rule


def _relays_key(values: tuple[str, ...]) -> Judged:
    if not values:
        return Level.HOLD, "There is no such record."
    return (Level.PASS, "") if any(read_tags(one).get("p") for one in values) else (Level.HOLD, "It holds no key.")


def _dmarc(sender: Sender, asked: Dns) -> Finding:
    """The policy of the domain or of the nearest above it that has one (RFC 7489 §6.6.3)."""
    reports = sender.settings.reports or f"dmarc@{sender.domain}"
    value = f"v=DMARC1; p=quarantine; rua=mailto:{reports}"
    todo = "Publish this record; begin with p=none if not all of this domain's mail is signed yet."
    above = _nearest(sender.domain, asked)
    if above:
        here = _Wanted(sender.domain, "DMARC", f"_dmarc.{above}", "TXT", value)
        return _hold(here, asked, _dmarc_rule(sender, above), todo)
    wanted = _Wanted(sender.domain, "DMARC", f"_dmarc.{sender.domain}", "TXT", value)
    what = "There is no DMARC record here or above: Gmail and Yahoo refuse bulk mail without."
    return _hold(wanted, asked, lambda _: (Level.HOLD, what), todo)


def _nearest(domain: str, asked: Dns) -> str:
    """The domain itself or the nearest above whose _dmarc name holds anything on any server; "" when none does."""
    labels = domain.split(".")
    for name in [".".join(labels[n:]) for n in range(max(1, len(labels) - 1))]:
        try:
            if any(answer.values for answer in asked.everywhere(f"_dmarc.{name}", "TXT")):
                return name
        except Unreachable:
            return domain
    return ""


def _dmarc_rule(sender: Sender, above: str) -> Rule:
    def rule(values: tuple[str, ...]) -> Judged:
        found = [one for one in values if re.match(r"v=DMARC1\s*(;|$)", one)]
        if len(found) != 1:
            return (
                Level.HOLD,
                "There is no DMARC record." if not found else "There are several DMARC records: none counts.",
            )
        tags = read_tags(found[0])
        policy = tags.get("p", "")
        if above != sender.domain:
            policy = tags.get("sp", policy)
        if policy not in _POLICIES:
            return Level.HOLD, "Its policy is none of none, quarantine, reject."
        stranger = [
            s.domain
            for s in sender.signers
            if not aligned(s.domain, sender.domain, above, strict=tags.get("adkim") == "s")
        ]
        if stranger and len(stranger) == len(sender.signers):
            return Level.HOLD, f"Signatures of {stranger[0]} do not count for {sender.domain}: they are not aligned."
        return _dmarc_advice(policy, tags)

    return rule


def _dmarc_advice(policy: str, tags: dict[str, str]) -> Judged:
    if policy == "none":
        return Level.WARN, "Its policy is none: others may still send in this name."
    if "rua" not in tags:
        return Level.WARN, "It names nobody who gets reports (rua)."
    return Level.PASS, ""


def aligned(signing: str, domain: str, organisation: str, *, strict: bool) -> bool:
    """Whether a signature of *signing* counts for From *domain* (RFC 7489 §3.1.1); *organisation* is where the policy stands."""
    if signing == domain:
        return True
    above = signing.endswith(f".{domain}") or domain.endswith(f".{signing}")
    under = all(one == organisation or one.endswith(f".{organisation}") for one in (signing, domain))
    return not strict and (above or under)


def _transport(sender: Sender, asked: Dns) -> Iterator[Finding]:
    """Bounces and answers come back encrypted. Missing, that is a pity; it stops no mail."""
    domain = sender.domain
    policy = _Wanted(domain, "MTA-STS", f"_mta-sts.{domain}", "TXT", "v=STSv1; id=1")
    form = re.compile(r"v=STSv1\s*;\s*id=[A-Za-z0-9]{1,32}\s*(;.*)?")
    todo = (
        f"Publish it, and a policy at https://mta-sts.{domain}/.well-known/mta-sts.txt: version: STSv1, mode: testing (later "
        "enforce), one mx: line per MX host, max_age: 604800. Change the id with every change of the policy."
    )
    yield _hold(policy, asked, _one_of(form, "v=STSv1", "MTA-STS"), todo)
    reports = sender.settings.reports or f"tls@{domain}"
    wanted = _Wanted(domain, "TLS-RPT", f"_smtp._tls.{domain}", "TXT", f"v=TLSRPTv1; rua=mailto:{reports}")
    yield _hold(
        wanted, asked, _one_of(re.compile(r"v=TLSRPTv1\s*;\s*rua=\S.*"), "v=TLSRPTv1", "TLS-RPT"), "Publish it."
    )


def _one_of(form: re.Pattern[str], begins: str, record: str) -> Rule:
    def rule(values: tuple[str, ...]) -> Judged:
        found = [one for one in values if one.startswith(begins)]
        if not found:
            return Level.WARN, f"There is no {record} record."
        if len(found) > 1 or not form.fullmatch(found[0]):
            return Level.WARN, f"Its {record} record is not well formed, or there are several."
        return Level.PASS, ""

    return rule


def _reverse(sender: Sender, asked: Dns) -> Iterator[Finding]:
    """Each address that sends has a name, and the name has the address: Gmail refuses mail otherwise."""
    for address in _each(sender.settings.addresses):
        name = f"{ipaddress.ip_address(address).reverse_pointer}"
        host = sender.relays[0] if sender.relays else f"mail.{sender.domain}"
        wanted = _Wanted(sender.domain, "PTR", name, "PTR", f"{host}.")
        yield _hold(
            wanted,
            asked,
            _confirmed(address, asked),
            f"Whoever owns {address} sets its name; the name's address is {address}.",
        )


def _each(addresses: Sequence[str]) -> Iterator[str]:
    for text in addresses:
        network = ipaddress.ip_network(text)
        if network.num_addresses <= _MOST_ADDRESSES:
            yield from (str(one) for one in network)


def _confirmed(address: str, asked: Dns) -> Rule:
    own = ipaddress.ip_address(address)
    kind = "A" if own.version == 4 else "AAAA"

    def rule(values: tuple[str, ...]) -> Judged:
        if not values:
            return Level.HOLD, f"{address} has no name."
        if any(own == ipaddress.ip_address(one) for name in values for one in asked.resolve(name, kind)):
            return Level.PASS, ""
        return Level.HOLD, f"{address} is called {', '.join(values)}, which is not at {address}."

    return rule
