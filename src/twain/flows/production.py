"""A send that leaves this machine needs more than a template: a way out for people, an address, and somebody's intent."""

from __future__ import annotations

from urllib.parse import urlsplit

from twain.errors import ConfigError, Held
from twain.flows.instance import Instance
from twain.records import Bundle, OldList

_LOCAL = {"", "localhost", "127.0.0.1", "::1"}
_SHORTEST_REASON = 10  # letters


def require_production(instance: Instance, bundle: Bundle) -> None:
    """Raise Held unless the message stays on this machine, or everything a real send needs is there.

    RFC 8058 §3.1 wants an HTTPS unsubscribe address; CAN-SPAM §5(a)(5) and its kin a postal address; and whoever told the
    provider before us to stop is not to hear from us either.
    """
    if not instance.channel(bundle.body["channel"]).leaves_loopback:
        return
    missing = list(_missing(instance, bundle))
    if missing:
        raise Held(
            f"{bundle.campaign} would leave this machine, and {len(missing)} thing(s) it needs are missing: "
            + "; ".join(what for what, _ in missing) + ".",
            todo=" ".join(todo for _, todo in missing),
            business="This send is not ready for real people yet: " + "; ".join(what for what, _ in missing) + ".",
        )  # fmt: skip


def require_public_address(instance: Instance) -> None:
    """Raise Held unless a link of ours in somebody's mail leads to us, and production is meant."""
    missing = [(what, todo) for there, what, todo in _public(instance) if not there]
    if missing:
        raise Held(
            f"A mail would leave this machine, and it needs {' and '.join(what for what, _ in missing)}.",
            todo=" ".join(todo for _, todo in missing),
        )


def waive_old_list(instance: Instance, because: str) -> OldList:
    """Somebody answers, by name, for sending without the suppressions of the provider before us. Raises ConfigError."""
    if len(because.strip()) < _SHORTEST_REASON:
        raise ConfigError(
            "A waiver needs a reason.",
            todo='twain suppress waive --because "There was no provider before."',
            code="T876",
        )
    waived = OldList("waived", instance.person, because.strip(), instance.clock.now())
    instance.ledger.settle_old_list(waived)
    return waived


def _public(instance: Instance) -> list[tuple[bool, str, str]]:
    url = urlsplit(instance.settings.base_url)
    return [
        (instance.settings.production, "the production switch", "Set [production] enabled = true in twain.toml."),
        (
            url.scheme == "https" and (url.hostname or "") not in _LOCAL,
            "a public unsubscribe address",
            'Set [gateway] base_url = "https://…" in twain.toml.',
        ),
    ]


def _missing(instance: Instance, bundle: Bundle) -> list[tuple[str, str]]:
    checks = [
        *_public(instance),
        (
            bool(bundle.body["sender"].get("postal_address")),
            "a postal address",
            'Set postal_address = "…" under [message] in the campaign.',
        ),
        (
            instance.ledger.old_list() is not None,
            "the suppressions of the provider before us",
            "Import: twain suppress import <file>. Or answer for it by name: Deliverability in the house, twain suppress waive.",
        ),
    ]
    return [(what, todo) for there, what, todo in checks if not there]
