"""What providers post, in the shapes of their documentation, each about one message and one recipient."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from tests.web.integrations.amazon import signed

NO_SUCH_USER = "550 5.1.1 The email account that you tried to reach does not exist."


def sendgrid(kind: str, message_id: str, recipient: str, **more: Any) -> dict[str, Any]:
    """Event Webhook: one of a list."""
    same = {
        "email": recipient, "timestamp": 1763803800, "smtp-id": message_id, "sg_event_id": f"sg-{kind}-1",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "event": kind, "ip": "198.51.100.7", "tls": 1,
    }  # fmt: skip
    own = {"bounce": {"reason": NO_SUCH_USER, "status": "5.1.1", "type": "bounce"}}
    return same | own.get(kind, {}) | more


def mailgun(kind: str, message_id: str, recipient: str, key: str, **more: Any) -> dict[str, Any]:
    """Webhooks of 2018 on: the event and its signature block."""
    timestamp, token = "1763803800", f"{kind:0<50}"
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    status = {"attempt-no": 1, "code": 550, "description": "", "message": NO_SUCH_USER, "session-seconds": 0.4}
    own = {"failed": {"severity": "permanent", "reason": "bounce", "delivery-status": status}}
    data = {
        "event": kind, "id": "G9Bn5sl1TC6nu79C8C0bwg", "timestamp": 1763803800.36, "recipient": recipient, "log-level": "error",
        "recipient-domain": recipient.partition("@")[2], "tags": [], "user-variables": {},
        "message": {"headers": {"message-id": message_id.strip("<>"), "to": recipient, "from": "news@example.com"}, "size": 111},
    }  # fmt: skip
    return {
        "signature": {"timestamp": timestamp, "token": token, "signature": signature},
        "event-data": data | own.get(kind, {}) | more,
    }


def postmark(kind: str, recipient: str, **more: Any) -> dict[str, Any]:
    """Bounce and spam complaint webhooks. Postmark gives messages ids of its own."""
    same = {
        "ID": 42, "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed", "ServerID": 23, "MessageStream": "outbound",
        "From": "news@example.com", "Email": recipient, "BouncedAt": "2025-11-22T09:30:00.3963933-04:00", "DumpAvailable": True,
        "Inactive": True, "CanActivate": True, "Subject": "Summer thanks", "Content": "",
    }  # fmt: skip
    own = {
        "HardBounce": {
            "RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "Name": "Hard bounce", "Tag": "",
            "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
            "Details": "action: failed\r\nstatus: 5.1.1\r\ndiagnostic-code: smtp;" + NO_SUCH_USER,
        },
        "SpamComplaint": {
            "RecordType": "SpamComplaint", "Type": "SpamComplaint", "TypeCode": 512, "Name": "Spam complaint", "Tag": "",
            "Description": "The subscriber explicitly marked this message as spam.", "Details": "",
        },
    }  # fmt: skip
    return same | own[kind] | more


def ses(kind: str, message_id: str, recipient: str, **more: Any) -> tuple[dict[str, Any], Mapping[str, str]]:
    """An SNS notification with the event inside; returns it and the headers that SNS sends beside it."""
    mail = {
        "timestamp": "2025-11-22T09:30:00.000Z", "messageId": "00000137860315fd-34208509-5b74-41f3-95c5-22c1edc3c924-000000",
        "source": "news@example.com", "destination": [recipient], "headersTruncated": False,
        "headers": [{"name": "From", "value": "news@example.com"}, {"name": "Message-ID", "value": message_id}],
    }  # fmt: skip
    own: dict[str, Any] = {
        "Bounce": {"bounce": {
            "bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2025-11-22T09:30:02.000Z",
            "feedbackId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa068a-000000", "reportingMTA": "dsn; a8-50.smtp-out",
            "bouncedRecipients": [{"emailAddress": recipient, "action": "failed", "status": "5.1.1",
                                   "diagnosticCode": "smtp; " + NO_SUCH_USER}]}},
        "Complaint": {"complaint": {
            "complainedRecipients": [{"emailAddress": recipient}], "timestamp": "2025-11-22T09:30:02.000Z", "feedbackId": "0000",
            "userAgent": "Amazon SES Mailbox Simulator", "complaintFeedbackType": "abuse"}},
    }  # fmt: skip
    event = {"eventType": kind, "mail": mail} | own.get(kind, {})
    told = {
        "Type": "Notification", "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc", "Subject": "Amazon SES Email Event",
        "Message": json.dumps(event),
    } | more  # fmt: skip
    return signed(told), {"x-amz-sns-message-type": told["Type"], "x-amz-sns-message-id": told["MessageId"]}
