"""A send that leaves this machine needs more than a template: a way out for people, an address, and somebody's intent."""

from __future__ import annotations

from urllib.parse import urlsplit

from twain.errors import Held
from twain.flows.instance import Instance
from twain.records import Bundle

_LOCAL = {"", "localhost", "127.0.0.1", "::1"}


def require_production(instance: Instance, bundle: Bundle) -> None:
    """Raise Held unless the message stays on this machine, or everything a real send needs is there.

    RFC 8058 §3.1 wants an HTTPS unsubscribe address; CAN-SPAM §5(a)(5) and its kin a postal address.
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


def _missing(instance: Instance, bundle: Bundle) -> list[tuple[str, str]]:
    url = urlsplit(instance.settings.base_url)
    checks = [
        (instance.settings.production, "the production switch", "Set [production] enabled = true in twain.toml."),
        (
            url.scheme == "https" and (url.hostname or "") not in _LOCAL,
            "a public unsubscribe address",
            'Set [gateway] base_url = "https://…" in twain.toml.',
        ),
        (
            bool(bundle.body["sender"].get("postal_address")),
            "a postal address",
            'Set postal_address = "…" under [message] in the campaign.',
        ),
    ]
    return [(what, todo) for there, what, todo in checks if not there]
