"""A running Twain: the workspace together with its control store, delivery history, secrets, sources and channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa

from twain.audiences.dates import local_dates
from twain.delivery.channels import open_channel
from twain.errors import ConfigError, SourceUnavailable
from twain.feeds.reading import open_source
from twain.flows.capacity_files import read_capacity, within_capacity
from twain.flows.workspace import Workspace, load_workspace, references, used_audiences
from twain.ledger.clock import SystemClock
from twain.ledger.lake import Lake
from twain.ledger.stores import open_ledger
from twain.ports import Channel, Clock, Ledger, Source
from twain.records import Audience, Limits, Tag
from twain.returns.tokens import TokenMint
from twain.returns.verp import checked_address
from twain.settings import Settings, SourceSettings
from twain.vault import Vault


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything a flow needs, opened once."""

    workspace: Workspace
    ledger: Ledger
    history: Lake
    vault: Vault
    clock: Clock

    @property
    def settings(self) -> Settings:
        """What twain.toml says."""
        return self.workspace.settings

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.settings.root

    @property
    def person(self) -> str:
        """Who is at the keyboard, by policy's id."""
        return self.settings.person

    def today(self) -> date:
        """Today in the workspace's time zone."""
        return datetime.fromtimestamp(self.clock.now(), ZoneInfo(self.settings.time_zone)).date()

    def local_dates(self, body: Mapping[str, Any]) -> Mapping[str, date]:
        """Today's date in every time zone, when a rule of this bundle goes by anniversaries; else nothing."""
        if not references([body["audience"], body.get("audiences", {})], "anniversary"):
            return {}
        return local_dates(datetime.fromtimestamp(self.clock.now(), UTC), available_timezones())

    def local_dates_of(self, tree: Mapping[str, Any]) -> Mapping[str, date]:
        """The same for a rule of the workspace with the audiences it names."""
        named = used_audiences(tree, self.workspace.audiences)
        return self.local_dates({"audience": tree, "audiences": named})

    def source_settings(self, name: str) -> SourceSettings:
        """One source's settings; ConfigError names those there are."""
        if name not in self.settings.sources:
            known = ", ".join(sorted(self.settings.sources)) or "none yet"
            raise ConfigError(f"There is no source {name!r} in twain.toml.", todo=f"Sources: {known}.")
        return self.settings.sources[name]

    def source(self, name: str) -> Source:
        """A company database to read from, with the feeds that lie on it. Raises SourceUnavailable while it is stopped."""
        for stop in self.ledger.stops():
            if stop.scope == f"source:{name}":
                raise SourceUnavailable(
                    f"All reads from source {name!r} are stopped by {stop.person}: {stop.why}.",
                    todo=f"When it is safe again: twain stop --lift {stop.scope}",
                    business=f"Nobody may read this database now. {stop.person} has stopped it: {stop.why}.",
                )
        return self._open(name)

    def _open(self, name: str) -> Source:
        feeds = {n: f for n, f in self.workspace.feeds.items() if f.source == name}
        return open_source(self.source_settings(name), feeds)

    def dialect(self, name: str) -> str:
        """The SQL dialect of a source."""
        return self._open(name).dialect

    def channel(self, name: str, *, connections: int | None = None) -> Channel:
        """A way out, over as many *connections* as IT's settings say unless told; ConfigError names those there are."""
        if name not in self.settings.channels:
            known = ", ".join(sorted(self.settings.channels)) or "none yet"
            raise ConfigError(f"There is no channel {name!r} in twain.toml.", todo=f"Channels: {known}.")
        capacity = read_capacity(self.root, self.settings.time_zone)
        settings = within_capacity(self.settings.channels[name], capacity, self.clock.now())
        return open_channel(settings if connections is None else replace(settings, connections=connections))

    def bounce_address(self, channel: str) -> str:
        """Where bounces of a channel's mail come back to, one address a message; "" = to the sender. Raises ConfigError."""
        settings = self.settings.channels.get(channel)
        if settings is None or not settings.bounce_address:
            return ""
        return checked_address(settings.bounce_address, f"channels.{channel}.bounce_address")

    def key_sets(self, audience: Audience) -> list[tuple[bool, Iterator[pa.Array]]]:
        """An audience's tests on our own history, as the snapshot takes them: (negated, the keys they name)."""
        now = self.clock.now()
        return [(test.negated, self.history.keys(test, audience.feed, now)) for test in audience.history]

    def mint(self) -> TokenMint:
        """What makes and verifies the tokens of messages."""
        return TokenMint(self.vault.tokens())

    def tag(self, campaign: str, purpose: str = "send") -> Tag:
        """How IT sees a query of ours."""
        return Tag(campaign=campaign, person=self.person, purpose=purpose)  # type: ignore[arg-type]

    def limits(self, source: str, *, interactive: bool = False) -> Limits:
        """What one reading may cost this source."""
        s = self.source_settings(source)
        timeout = s.interactive_timeout_seconds if interactive else s.timeout_seconds
        return Limits(timeout_seconds=timeout, memory_mb=s.memory_mb, max_rows=s.max_rows, max_cost=s.max_cost)


def connected(root: Path | None = None, *, clock: Clock | None = None) -> Instance:
    """The instance of the workspace at or above *root*, its stores open. Whoever has it closes its ledger at the end."""
    workspace = load_workspace(root)
    settings = workspace.settings
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = Vault.open(settings)
    return Instance(workspace, open_ledger(settings.control_url), Lake(settings.history), vault, clock or SystemClock())


@contextmanager
def open_instance(root: Path | None = None, *, clock: Clock | None = None) -> Iterator[Instance]:
    """Open the instance of the workspace at or above *root*; closes its stores at the end."""
    instance = connected(root, clock=clock)
    try:
        yield instance
    finally:
        instance.ledger.close()
