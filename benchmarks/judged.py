"""The demo campaign's messages before programs nobody here wrote: two parsers, dkimpy, SpamAssassin and rspamd.

Every message is parsed by Python's ``email`` and by Rust's ``mailparse``, verified by dkimpy, and measured for its longest line.
A sample goes to SpamAssassin and rspamd where they are installed (Debian: spamassassin, libmail-dkim-perl, rspamd); both ask a
DNS on loopback in which the sender's domain is in order, so that what is left to be judged is the message's form.
"""

from __future__ import annotations

import argparse
import contextlib
import email
import email.policy
import email.utils
import io
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import dkim
import fast_mail_parser

from benchmarks.report import Report
from tests.loopback_dns import World, good_world, loopback_dns
from twain.cli.app import main
from twain.demo.sink import start_sink
from twain.demo.start import copy_workspace, ensure_data

DOMAIN = "mail.nordlicht.test"
_LINKS = "mail.example.com"  # rspamd finds an address in plain text only under a top-level domain that there is
_CAMPAIGN = "summer-thanks"
_COMPARED = ("Subject", "From", "To", "Reply-To", "Message-ID", "List-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
             "MIME-Version")  # fmt: skip
_SYMBOL = re.compile(r"^Symbol: (\w+) \((-?[\d.]+)\)", re.MULTILINE)
_RULE = re.compile(r"^ *(-?\d+\.\d+) (\w+) ", re.MULTILINE)

#: Rules that hit and say nothing about a message's form, and why.
NOT_FORM = {
    # rspamd before 2026-09 counts a Latin letter with a diacritic in a name against a message in English.
    "R_MIXED_CHARSET": "people's names",
    "APOSTROPHE_TOCC": "people's addresses",
    # SpamAssassin gives it to every signature and takes it back by DKIM_VALID.
    "DKIM_SIGNED": "verified, and taken back",
}

Keys = Mapping[str, str]
"""Name in the DNS → TXT record."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What parsers and dkimpy make of one message. *differs*: the header or part on which the parsers disagree, "" = none."""

    differs: str
    verifies: bool
    longest: int
    defects: int


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many messages go to the slow judges."""
    parser.add_argument("--sample", type=int, default=50)


def run(options: argparse.Namespace) -> Report:
    """Send the demo campaign of 100 000 customers (at scale 1) to a sink, and judge all of it."""
    customers = max(int(100_000 * options.scale), 300)
    report = Report("judged")
    with tempfile.TemporaryDirectory(prefix="twain-judged-") as place, loopback_dns() as world:
        keys = send_signed(Path(place), customers)
        good_world(world)
        world.put(_LINKS, "A", "192.0.2.10")
        for name, record in keys.items():
            world.put(name, "TXT", record)
        messages = sorted((Path(place) / "sunk").glob("*.eml"))
        _all(report, messages, keys)
        sample = messages[:: max(len(messages) // options.sample, 1)][: options.sample]
        if shutil.which("spamassassin"):
            _points(report, "SpamAssassin", spamassassin(sample, world), len(sample))
        if shutil.which("rspamd"):
            _points(report, "rspamd", rspamd(sample, world, Path(place)), len(sample))
    return report


def _all(report: Report, messages: Sequence[Path], keys: Keys) -> None:
    with ProcessPoolExecutor(os.cpu_count()) as together:
        judged = list(together.map(judge_file, messages, [keys] * len(messages), chunksize=50))
    report.figures["messages"] = len(judged)
    report.figures["longest line, octets"] = max(one.longest for one in judged)
    report.figures["parsers disagree on"] = ", ".join(sorted({one.differs for one in judged} - {""})) or "nothing"
    report.at_least("messages", len(judged), 1)
    report.at_most("messages on which two parsers disagree", sum(bool(one.differs) for one in judged), 0)
    report.at_most("messages with a defect by Python's email", sum(one.defects > 0 for one in judged), 0)
    report.at_most("messages that dkimpy does not verify", sum(not one.verifies for one in judged), 0)
    report.at_most("messages with a line over 998 octets", sum(one.longest > 998 for one in judged), 0)


def _points(report: Report, judge: str, hits: Counter[tuple[str, float]], messages: int) -> None:
    """Each rule that gave points, with how many messages it hit; those of form must be none."""
    report.figures[f"{judge}: messages"] = messages
    for (rule, points), number in sorted(hits.items()):
        why = f" ({NOT_FORM[rule]})" if rule in NOT_FORM else ""
        report.figures[f"{judge}: {rule} {points:+.2f}{why}, messages"] = number
    form = sum(points * number for (rule, points), number in hits.items() if rule not in NOT_FORM)
    report.at_most(f"{judge}: points for form", form, 0.0)


# ---------------------------------------------------------------- messages


def send_signed(folder: Path, customers: int) -> Keys:
    """Send the demo campaign, signed twice, into ``folder/sunk``; the keys' records."""
    copy_workspace(folder)
    ensure_data(folder, customers, 7)
    for file in (folder / "campaigns").glob("*/campaign.toml"):
        file.write_text(file.read_text().replace("@mail.nordlicht.example", f"@{DOMAIN}"))
    with contextlib.chdir(folder):
        keys = {name: record for name, record in (_new_key("r1", "rsa"), _new_key("e1", "ed25519"))}  # noqa: C416
        with start_sink(keep=customers * 2, folder=folder / "sunk") as sink:
            _configure(folder, sink.port)
            _twain("send", _CAMPAIGN)
    return keys


def _configure(folder: Path, port: int) -> None:
    toml = (folder / "twain.toml").read_text().replace("port = 2525", f"port = {port}")
    toml = re.sub(r'base_url = "[^"]*"', f'base_url = "https://{_LINKS}"', toml)
    file = ".twain/dkim/" + DOMAIN + ".{}.pem"
    toml += f'\n[channels.mail.dkim]\ndomain = "{DOMAIN}"\nselector = "r1"\nkey_file = "{file.format("r1")}"\n'
    toml += f'second = {{ selector = "e1", key_file = "{file.format("e1")}" }}\n'
    (folder / "twain.toml").write_text(toml)


def _new_key(selector: str, algorithm: str) -> tuple[str, str]:
    made = _twain("dkim", "new-key", DOMAIN, selector, "--algorithm", algorithm)
    return made["name"], made["record"]


def _twain(*words: str) -> dict[str, str]:
    out = io.StringIO()
    os.environ["TWAIN_PERSON"] = "lhoffmann"
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([*words, "--json"])
    answer: dict[str, str] = json.loads(out.getvalue().strip().splitlines()[-1])
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer


# ---------------------------------------------------------------- judges


def judge_file(path: Path, keys: Keys) -> Judgement:
    """One message of a folder."""
    return judge(path.read_bytes(), keys)


def judge(raw: bytes, keys: Keys) -> Judgement:
    """What two parsers and dkimpy make of a message. Every signature must verify."""
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    defects = sum(len(part.defects) for part in parsed.walk())
    return Judgement(_difference(parsed, raw), _verifies(raw, keys), max(map(len, raw.split(b"\r\n"))), defects)


def _difference(parsed: email.message.EmailMessage, raw: bytes) -> str:
    try:
        other = fast_mail_parser.parse_email(raw)
    except fast_mail_parser.ParseError:
        return "everything"
    theirs = {name.lower(): values for name, values in other.headers.items()}
    for name in _COMPARED:
        if [str(value) for value in parsed.get_all(name, [])] != theirs.get(name.lower(), []):
            return name
    if other.date_parsed != parsed["Date"].datetime:
        return "Date"
    for subtype, found in (("plain", other.text_plain), ("html", other.text_html)):
        body = parsed.get_body((subtype,))
        ours = [] if body is None else [_lines(body.get_content())]
        if ours != [_lines(one) for one in found]:
            return f"text/{subtype}"
    return "" if not other.attachments else "attachments"


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _verifies(raw: bytes, keys: Keys) -> bool:
    judge = dkim.DKIM(raw)
    signatures = sum(name.lower() == b"dkim-signature" for name, _ in judge.headers)
    try:
        return signatures == len(keys) and all(judge.verify(idx=n, dnsfunc=_lookup(keys)) for n in range(signatures))
    except dkim.DKIMException:
        return False


def _lookup(keys: Keys) -> Callable[..., bytes]:
    return lambda name, timeout=5: keys[name.decode().rstrip(".")].encode()  # noqa: ARG005 — dkimpy names it


# ---------------------------------------------------------------- filters


def spamassassin(messages: Iterable[Path], world: World) -> Counter[tuple[str, float]]:
    """Rules with points, and on how many messages. Lists of spammers, which need the world outside, are left out."""
    settings = (f"dns_server 127.0.0.1:{world.port}", "dns_available yes", "skip_rbl_checks 1", "skip_uribl_checks 1",
                "use_bayes 0", "use_razor2 0", "use_pyzor 0", "trusted_networks 127.0.0.0/8")  # fmt: skip
    command = ["spamassassin", "-t", "--siteconfigpath=/etc/spamassassin", *(f"--cf={one}" for one in settings)]
    hits: Counter[tuple[str, float]] = Counter()
    for path in messages:
        done = subprocess.run(command, input=_received(path), capture_output=True, check=True)
        details = done.stdout.decode("utf-8", "replace").rpartition("Content analysis details:")[2]
        hits.update((rule, float(points)) for points, rule in _RULE.findall(details) if float(points) > 0)
    return hits


def _received(path: Path) -> bytes:
    """As the recipient's own server would have taken it from ours."""
    line = (
        "Received: from mx.nordlicht.test (mx.nordlicht.test [192.88.99.10])\r\n\tby mx.example.org with ESMTPS id 1234\r\n"
        f"\tfor <you@example.org>; {email.utils.formatdate()}\r\n"
    )
    return line.encode() + path.read_bytes()


def rspamd(messages: Iterable[Path], world: World, folder: Path) -> Counter[tuple[str, float]]:
    """The same by an rspamd of our own, which listens on loopback while this runs."""
    hits: Counter[tuple[str, float]] = Counter()
    with _daemon(folder / "rspamd", world) as port:
        client = ["rspamc", "-h", f"127.0.0.1:{port}", "-i", "192.0.2.10", "--hostname", "mx.nordlicht.test"]
        client += ["--helo", "mx.nordlicht.test", "--from", f"news@{DOMAIN}"]
        for path in messages:
            rcpt = re.search(rb"^Delivered-To: (\S+)", path.read_bytes(), re.MULTILINE)
            command = [*client, "--rcpt", rcpt[1].decode() if rcpt else "", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            hits.update((rule, float(points)) for rule, points in _SYMBOL.findall(done.stdout) if float(points) > 0)
    return hits


@contextlib.contextmanager
def _daemon(folder: Path, world: World) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shutil.copytree("/etc/rspamd", folder / "conf")
    local = folder / "conf" / "local.d"
    local.mkdir(exist_ok=True)
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\ncount = 1;\n')
    for other in ("controller", "proxy", "fuzzy"):
        (local / f"worker-{other}.inc").write_text("enabled = false;\n")
    (local / "logging.inc").write_text('type = "console";\nlevel = "error";\n')
    (local / "options.inc").write_text(
        f'dns {{ nameserver = ["127.0.0.1:{world.port}"]; timeout = 1s; retransmits = 1; }}\n'
    )
    for sub in ("db", "run", "log"):
        (folder / sub).mkdir()
    places = {"CONFDIR": "conf", "LOCAL_CONFDIR": "conf", "DBDIR": "db", "RUNDIR": "run", "LOGDIR": "log"}
    command = ["rspamd", "-f", "-i", "-c", str(folder / "conf/rspamd.conf")]
    command += [f"--var={name}={folder / sub}" for name, sub in places.items()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await_port(port)
            yield port
        finally:
            process.terminate()


def _await_port(port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("rspamd did not come up")
