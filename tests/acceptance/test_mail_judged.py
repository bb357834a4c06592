"""Messages of the demo campaign before programs nobody here wrote: two parsers and dkimpy agree on every one of them."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path

import pytest

from benchmarks import judged


@pytest.fixture(scope="module")
def sunk(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], judged.Keys]:
    """What the sink kept of a send to a few hundred people, and the keys' records."""
    folder: Path = tmp_path_factory.mktemp("judged")
    keys = judged.send_signed(folder, 400)
    return [path.read_bytes() for path in sorted((folder / "sunk").glob("*.eml"))], keys


def test_every_message_reads_the_same_in_two_parsers_and_verifies(sunk: tuple[list[bytes], judged.Keys]) -> None:
    messages, keys = sunk
    assert len(messages) > 250
    found = [judged.judge(message, keys) for message in messages]
    assert {one.differs for one in found} == {""}
    assert {one.verifies for one in found} == {True}
    assert {one.defects for one in found} == {0}
    assert max(one.longest for one in found) <= 998


def test_the_judges_can_say_no(sunk: tuple[list[bytes], judged.Keys]) -> None:
    messages, keys = sunk
    changed = messages[0].replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No")
    assert not judged.judge(changed, keys).verifies
    begins = changed.index(b"DKIM-Signature:")
    assert not judged.judge(changed[:begins] + changed[changed.index(b"Date:") :], keys).verifies
    long = messages[0].replace(b"\r\n\r\n", b"\r\nX-Long: " + b"x" * 1000 + b"\r\n\r\n", 1)
    assert judged.judge(long, keys).longest > 998
    twice = messages[0].replace(b"Content-Transfer-Encoding: quoted-printable", b"Content-Transfer-Encoding: base64", 1)
    assert judged.judge(twice, keys).differs


def test_headers_have_the_form_that_filters_look_for(sunk: tuple[list[bytes], judged.Keys]) -> None:
    messages, _ = sunk
    for raw in messages[:50]:
        head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
        for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe"):
            assert len(re.findall(f"(?m)^{name}: ", head)) == 1, name
        assert re.search(r"(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r?$", head)
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        text, html = (parsed.get_body((kind,)).get_content() for kind in ("plain", "html"))
        shown = re.findall(r'<a [^>]*href="(https://[^"]+)"', html)
        assert (len(re.findall(r"https://[^\s)]+", text)) + len(shown)) % 2 == 0  # rspamd: URI_COUNT_ODD
