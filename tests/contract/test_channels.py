"""Every channel keeps the same promises: the memory double, and SMTP in each of its ways of talking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from twain.delivery.channels import open_channel
from twain.delivery.channels.memory import MemoryChannel
from twain.ports import Channel
from twain.settings import ChannelSettings
from twain.testing.channel_suite import ChannelSuite
from twain.testing.relay import Relay


class TestMemoryChannel(ChannelSuite):
    @pytest.fixture(autouse=True)
    def _channel(self) -> None:
        self.channel = MemoryChannel(ChannelSettings("memory", "memory", {}))

    def open(self) -> Channel:
        return self.channel

    def refuse(self, recipient: bytes, reply: bytes) -> None:
        self.channel.script.answer(recipient, reply)

    def arrived(self) -> list[tuple[bytes, bytes, bytes]]:
        return [(one.sender, one.recipient, one.data) for one in self.channel.sent]


class TestSmtpStreamed(ChannelSuite):
    """CHUNKING and PIPELINING offered."""

    without: tuple[bytes, ...] = ()
    connections = 3

    @pytest.fixture(autouse=True)
    def _relay(self) -> Iterator[None]:
        with Relay() as relay:
            relay.script.extensions = tuple(e for e in relay.script.extensions if e not in self.without)
            self.relay = relay
            yield

    def open(self) -> Channel:
        return open_channel(self.relay.settings(connections=self.connections))

    def refuse(self, recipient: bytes, reply: bytes) -> None:
        self.relay.script.refuse(recipient, reply)

    def arrived(self) -> list[tuple[bytes, bytes, bytes]]:
        return [(m.sender, one, m.data) for m in self.relay.acknowledged for one in m.recipients]


class TestSmtpGrouped(TestSmtpStreamed):
    """No CHUNKING: one round trip per message."""

    without = (b"CHUNKING",)


class TestSmtpLockstep(TestSmtpStreamed):
    """Neither: one command, one reply."""

    without = (b"CHUNKING", b"PIPELINING")


class TestSmtpOneByOne(TestSmtpStreamed):
    """The tightest bound on duplicates: one message in flight."""

    connections = 1

    def open(self) -> Channel:
        return open_channel(self.relay.settings(connections=1, in_flight=1))


class TestSmtpGroupedOneByOne(TestSmtpOneByOne):
    """The tightest bound with DATA."""

    without = (b"CHUNKING",)
