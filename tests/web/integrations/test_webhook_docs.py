"""docs/webhooks.md is what the registry of types says, and its receiver verifies what is really sent."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from twain.delivery.intakes import standard_webhooks
from twain_web.roles import Role
from twain_web.rooms.integrations import delivering, keeping, signing
from twain_web.rooms.integrations.event_types import MOST_AT_ONCE, OFFERED, TYPES, by_group

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
_HEAD = """# Webhooks

Written by a test (`TWAIN_WRITE_DOCS=1 .venv/bin/python -m pytest tests/web/integrations/test_webhook_docs.py`), which
fails when this page and the house differ.

What happens in Twain can be told to your other systems. Whoever is IT operator or administrator opens an *endpoint*
in the house (Webhooks): an address, the types of event it hears of, and a secret. Webhooks follow the [Standard
Webhooks](https://www.standardwebhooks.com) specification, so its libraries for a dozen languages verify them.

## What arrives

A `POST` of JSON, `{{"type": …, "timestamp": …, "data": …}}`, with three headers: `webhook-id` (the same at every try:
what you know already, drop), `webhook-timestamp` (epoch seconds: refuse what is older than five minutes) and
`webhook-signature` (`v1,` and the HMAC-SHA256 of `id.timestamp.body` in Base64; after a rotation two of them, divided
by a space, for {hours} hours, or as long as the file or variable that you keep a secret in holds two). Ids ascend
with time.

```python receiver
import base64, hashlib, hmac

def genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{{headers['webhook-id']}}.{{headers['webhook-timestamp']}}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, one) for one in headers["webhook-signature"].split())
```

**No webhook holds a name or an address.** Recipients are named by their key in your own database and, where the
history has it, by the HMAC of their address under the suppression key. Events of recipients come together, up to
{most} in one webhook, a few seconds after they are in the delivery history. The title of a request or an incident is
what a colleague wrote; e-mail addresses are cut out of it.

## What is promised

- Each event at least once, oldest first. Any 2xx answer within ten seconds takes it; an answer that drips in is cut
  after twenty.
- Otherwise again after about {first:.0f} s, three times as long each time, at most {longest:.0f} h, each a fifth more
  or less; `Retry-After` is obeyed. An endpoint that does not answer rests as a whole; a single message that it
  refuses (4xx) is put off alone.
- After {days} days a message is given up. It stands under *Not delivered* with the reason and can be sent again,
  under its own id: one, everything of an endpoint, or everything of a time. After {kept} days it is gone.
- An endpoint that fails for {days} days, or answers 410, is switched off, and its owner told by mail.

Sends that are begun on the command line have no `send.…` events of their own; those of their recipients come all the
same.

## To a chat

An endpoint may also be a channel of Slack (or of a chat that takes the same, like Mattermost) or of Microsoft Teams.
It is told in one plain sentence with a link into the house; colleagues are named in full, recipients never. Of a
request it hears what both teams need to know: asked, promised, there, a simpler way, open again. Only events of the
work can be chosen. Tries, rests and *Not delivered* are the same, but a chat knows no `webhook-id`: when its answer
was lost, the same sentence may stand there twice.

Whoever knows a chat's address can post there, so it is a secret: entered once and sealed, or left where you keep it
(`env:NAME`, `file:path`), and shown by its host alone.

- *Slack*: an [incoming webhook](https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/) of one
  channel.
- *Teams*: in the channel, *Workflows*, the template for webhook alerts; it gets an Adaptive Card. (The older
  connectors of Microsoft 365 have ended.)

## Where they may lead

In production: `https`, on the public internet. A name is resolved once, refused if any of its addresses is private,
loopback, link-local or otherwise special, and exactly the checked address is connected to. Redirects are not
followed. What lies inside your network you allow in `twain.toml`, by name, address or network, with the authority
that signs for it:

```toml webhooks
[webhooks]
allow = ["hooks.corp.example", "10.20.0.0/16"]
ca_file = "corp-ca.pem"
```

While production is off nothing leaves this machine: endpoints are on it, or on that list.

## The types

Their JSON Schemas are at `/webhooks/schemas.json`.
"""


def page() -> str:
    days, hours = delivering.TRIED_FOR.days, 24
    text = _HEAD.format(
        hours=hours, most=MOST_AT_ONCE, first=delivering.FIRST_PAUSE, longest=delivering.LONGEST_PAUSE / 3600, days=days,
        kept=keeping.WEBHOOKS_KEPT.days,
    )  # fmt: skip
    for group, types in by_group(TYPES).items():
        text += f"\n### {group}\n"
        for one in types:
            many = (
                '\nSeveral in one webhook: `data` is `{"events": [ … ]}`, each with these fields.' if one.many else ""
            )
            text += f"\n**`{one.name}`** {one.meaning}{many}\n\n| field | is | for example |\n|---|---|---|\n"
            for field in one.fields:
                shown = json.dumps(field.example, ensure_ascii=False)
                shown = shown if len(shown) <= 40 else shown[:30] + '…"'
                text += f"| `{field.name}` | {field.meaning} | `{shown}` |\n"
    return text


def test_the_page_of_webhooks_is_up_to_date():
    now = page()
    if os.environ.get("TWAIN_WRITE_DOCS") == "1":
        PAGE.write_text(now, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == now, "TWAIN_WRITE_DOCS=1 writes docs/webhooks.md anew."
    assert max(map(len, now.splitlines())) <= 145


def test_the_pages_receiver_believes_what_is_sent_and_nothing_else():
    (code,) = re.findall(r"^```python receiver\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
    here: dict = {}
    exec(compile(code, "receiver.py", "exec"), here)  # our own page
    secret, other = signing.new_secret(), signing.new_secret()
    body = b'{"type": "send.held"}'
    told = standard_webhooks.headers(
        [signing.key_of(secret, "x"), signing.key_of(other, "x")], "msg_1", 1_763_803_800, body
    )
    assert here["genuine"](secret, told, body)
    assert here["genuine"](other, told, body)
    assert not here["genuine"](secret, told, body + b" ")
    assert not here["genuine"](secret, told | {"webhook-id": "msg_2"}, body)
    assert not here["genuine"](signing.new_secret(), told, body)


def test_programs_read_the_schemas(company, signed_in):
    told = signed_in(Role.AUDITOR).get("/webhooks/schemas.json").json()
    assert set(told) == {one.name for one in TYPES}
    assert told["send.held"]["properties"]["type"] == {"const": "send.held"}


@pytest.mark.parametrize("one", OFFERED, ids=lambda one: one.name)
def test_no_type_has_a_field_for_a_name_or_an_address(one):
    forbidden = {"email", "address", "name", "recipient", "phone", "first_name", "last_name"}
    assert not forbidden & {field.name for field in one.fields}
