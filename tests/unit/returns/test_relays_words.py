"""What relays, mail readers and people really write, in made-up mails of every shape: kind, cause and address are told."""

# ruff: noqa: E501, PLR0917 — lines of mails, each with what it is

from __future__ import annotations

import base64
from html import escape

import pytest

from twain.returns.causes import Cause, cause_of
from twain.returns.mail import Kind, Proof, read_returned
from twain.returns.tokens import TokenMint, TokenRef, message_id
from twain.vault import KeyRing

MINT = TokenMint(KeyRing(1, {1: b"k" * 32}))
REF = TokenRef("r0towx8i0vj9", 3, 77)
OURS = message_id(*REF, MINT.stamps(REF.run_id, REF.shard, [REF.row])[0][0], "mail.example.com").decode()
DAEMON = "MAILER-DAEMON@mx.example.net"
ANNA = "Anna <anna@example.com>"
SAID = []


def said(name, sender, subject, body, kind, cause, address="anna@example.com", **headers):
    SAID.append((name, sender, subject, body, Kind(kind), Cause(cause) if cause else None, address, headers))


said(
    "gmail nouser",
    "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    "Delivery Status Notification (Failure)",
    "** Address not found **\n\nYour message wasn't delivered to anna@example.com because the address couldn't be found, or is unable to receive mail.\n\nThe response from the remote server was:\n550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. Learn more at https://support.google.com/mail/?p=NoSuchUser x1si123 - gsmtp\n",
    "bounce",
    "hard",
)
said(
    "gmail full",
    "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    "Delivery Status Notification (Failure)",
    "** Recipient inbox full **\n\nYour message couldn't be delivered to anna@example.com. Their inbox is full, or it's getting too much mail right now.\n",
    "bounce",
    "soft",
    **{"X-Failed-Recipients": "anna@example.com"},
)
said(
    "gmail delay",
    "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    "Delivery Status Notification (Delay)",
    "** Delivery incomplete **\n\nThere was a temporary problem delivering your message to anna@example.com. Gmail will retry for 47 more hours. You'll be notified if the delivery fails permanently.\n",
    "delay",
    "soft",
)
said(
    "yahoo old",
    "MAILER-DAEMON@yahoo.com",
    "Failure Notice",
    "Sorry, we were unable to deliver your message to the following address.\n\n<anna@example.com>:\n554: delivery error: dd This user doesn't have a yahoo.com account (anna@example.com) [0] - mta1234.mail.bf1.yahoo.com\n\n--- Below this line is a copy of the message.\n",
    "bounce",
    "hard",
)
said(
    "yahoo spam",
    DAEMON,
    "Failure Notice",
    "<anna@example.com>:\n554: 5.7.9 Message not accepted for policy reasons.  See https://postmaster.yahooinc.com/error-codes\n",
    "bounce",
    "block",
)
said(
    "exim unknown",
    "Mail Delivery System <Mailer-Daemon@host.example.net>",
    "Mail delivery failed: returning message to sender",
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  anna@example.com\n    host mx.example.com [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<anna@example.com>:\n    550 5.1.1 <anna@example.com>: Recipient address rejected: User unknown in virtual mailbox table\n\n------ This is a copy of the message, including all the headers. ------\n",
    "bounce",
    "hard",
    **{"X-Failed-Recipients": "anna@example.com", "Auto-Submitted": "auto-replied"},
)
said(
    "exim unrouteable",
    "Mail Delivery System <Mailer-Daemon@host.example.net>",
    "Mail delivery failed: returning message to sender",
    "The following address(es) failed:\n\n  anna@example.com\n    Unrouteable address\n",
    "bounce",
    "hard",
)
said(
    "exim retry",
    "Mail Delivery System <Mailer-Daemon@host.example.net>",
    "Mail delivery failed: returning message to sender",
    "This is a permanent error. The following address(es) failed:\n\n  anna@example.com\n    retry timeout exceeded\n",
    "bounce",
    "soft",
)
said(
    "exim delay",
    "Mail Delivery System <Mailer-Daemon@host.example.net>",
    "Warning: message 1abc-0005 delayed 24 hours",
    "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on host.example.net.\n\nThe address to which the message has not yet been delivered is:\n\n  anna@example.com\n    Delay reason: Connection timed out\n\nNo action is required on your part. Delivery attempts will continue for\nsome time\n",
    "delay",
    "soft",
)
said(
    "qmail",
    "MAILER-DAEMON@host.example.net",
    "failure notice",
    "Hi. This is the qmail-send program at host.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<anna@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <bounces@mail.example.com>\n",
    "bounce",
    "hard",
)
said(
    "qmail full",
    "MAILER-DAEMON@host.example.net",
    "failure notice",
    "Hi. This is the qmail-send program at host.example.net.\n\n<anna@example.com>:\nThe users mailfolder is over the allowed quota (size). (#5.2.2)\n",
    "bounce",
    "soft",
)
said(
    "qmail noconn",
    "MAILER-DAEMON@host.example.net",
    "failure notice",
    "<anna@example.com>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n",
    "bounce",
    "soft",
)
said(
    "qmail nohost",
    "MAILER-DAEMON@host.example.net",
    "failure notice",
    "<anna@example.com>:\nSorry, I couldn't find any host named example.com. (#5.1.2)\n",
    "bounce",
    "hard",
)
said(
    "sendmail",
    "Mail Delivery Subsystem <MAILER-DAEMON@host.example.net>",
    "Returned mail: see transcript for details",
    "The original message was received at Mon, 2 Nov 2026 10:00:00 +0100\nfrom localhost [127.0.0.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<anna@example.com>\n    (reason: 550 5.1.1 <anna@example.com>... User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.com.:\n>>> DATA\n<<< 550 5.1.1 <anna@example.com>... User unknown\n550 5.1.1 <anna@example.com>... User unknown\n<<< 503 5.0.0 Need RCPT (recipient)\n",
    "bounce",
    "hard",
)
said(
    "sendmail warn",
    "Mail Delivery Subsystem <MAILER-DAEMON@host.example.net>",
    "Warning: could not send message for past 4 hours",
    "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n   ----- Transcript of session follows -----\n<anna@example.com>... Deferred: Connection timed out with mx.example.com.\n",
    "delay",
    "soft",
)
said(
    "postfix",
    "MAILER-DAEMON@host.example.net (Mail Delivery System)",
    "Undelivered Mail Returned to Sender",
    "This is the mail system at host host.example.net.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\n                   The mail system\n\n<anna@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1\n    <anna@example.com>: Recipient address rejected: User unknown in relay\n    recipient table (in reply to RCPT TO command)\n",
    "bounce",
    "hard",
)
said(
    "postfix dns",
    "MAILER-DAEMON@host.example.net (Mail Delivery System)",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: Host or domain name not found. Name service error for\n    name=example.com type=AAAA: Host not found\n",
    "bounce",
    "hard",
)
said(
    "postfix access",
    "MAILER-DAEMON@host.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: host mx.example.com[192.0.2.1] said: 554 5.7.1\n    <anna@example.com>: Relay access denied (in reply to RCPT TO command)\n",
    "bounce",
    "soft",
)
said(
    "exchange 2003",
    "System Administrator <postmaster@corp.example.com>",
    "Undeliverable: Summer",
    "Your message\n\n  To:      anna@example.com\n  Subject: Summer\n  Sent:    Mon, 2 Nov 2026 10:00:00 +0100\n\ndid not reach the following recipient(s):\n\nanna@example.com on Mon, 2 Nov 2026 10:00:05 +0100\n    The e-mail account does not exist at the organization this message was sent to.  Check the e-mail address, or contact the recipient directly to find out the correct address.\n    <corp.example.com #5.1.1>\n",
    "bounce",
    "hard",
)
said(
    "exchange 2010",
    "Microsoft Exchange <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@corp.example.com>",
    "Undeliverable: Summer",
    "Delivery has failed to these recipients or groups:\n\nanna@example.com<mailto:anna@example.com>\nThe e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the message. If the problem continues, please contact your helpdesk.\n\nDiagnostic information for administrators:\n\nGenerating server: corp.example.com\n\nanna@example.com\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message headers:\n\nReceived: from mail.example.com\n",
    "bounce",
    "hard",
)
said(
    "exchange full",
    "Microsoft Outlook <postmaster@corp.example.com>",
    "Undeliverable: Summer",
    "Delivery has failed to these recipients or groups:\n\nanna@example.com\nThe recipient's mailbox is full and can't accept messages now. Please try resending this message later, or contact the recipient directly.\n\nRemote Server returned '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded'\n",
    "bounce",
    "soft",
)
said(
    "o365 de",
    "postmaster@corp.example.com",
    "Unzustellbar: Sommer",
    "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nanna@example.com\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden. Überprüfen Sie die E-Mail-Adresse des Empfängers, und senden Sie die Nachricht erneut.\n",
    "bounce",
    "hard",
)
said(
    "o365 de full",
    "Microsoft Outlook <postmaster@corp.example.com>",
    "Unzustellbar: Sommer",
    "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nanna@example.com\nDas Postfach des Empfängers ist voll und kann derzeit keine Nachrichten annehmen.\n",
    "bounce",
    "soft",
)
said(
    "gmx",
    "GMX Mailer Daemon <mailer-daemon@gmx.de>",
    "Mail delivery failed: returning message to sender",
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\nanna@example.com:\nSMTP error from remote server for RCPT TO command, host: mx00.emig.gmx.net (212.227.15.9) reason: 550 Requested action not taken: mailbox unavailable\n\n--- The header of the original message is following. ---\n\nReceived: from x\n",
    "bounce",
    "hard",
)
said(
    "gmx quota",
    "mailer-daemon@gmx.net",
    "Mail delivery failed: returning message to sender",
    "The following address failed:\n\n<anna@example.com>\nQuota exceeded. The recipients mailbox is full.\n",
    "bounce",
    "soft",
)
said(
    "web.de de",
    "Mail Delivery System <mailer-daemon@web.de>",
    "WEB.DE Mailzustellung: Nachricht konnte nicht zugestellt werden",
    "Ihre Nachricht konnte nicht zugestellt werden.\n\n<anna@example.com>: Empfänger unbekannt\n",
    "bounce",
    "hard",
)
said(
    "t-online",
    "Mail Delivery System <Mailer-Daemon@mailout.t-online.de>",
    "Undelivered Mail Returned to Sender",
    "|------------------------- Message log follows: -------------------------|\n no valid recipients were found for this message\n|------------------------- Failed addresses follow: ---------------------|\n <anna@example.com> ... unknown user\n|------------------------- Message text follows: ------------------------|\n",
    "bounce",
    "hard",
)
said(
    "free.fr",
    "Mail Delivery System <MAILER-DAEMON@free.fr>",
    "Échec de la remise: Été",
    "Votre message n'a pas pu être remis au destinataire suivant :\n\nanna@example.com\nL'adresse de messagerie n'existe pas.\n",
    "bounce",
    "hard",
)
said(
    "orange fr",
    "mailer-daemon@orange.fr",
    "Message non délivré",
    "Votre message n'a pas pu être délivré à <anna@example.com>\nRaison : boîte aux lettres pleine\n",
    "bounce",
    "soft",
)
said(
    "es",
    "Mail Delivery <postmaster@correo.example.es>",
    "No se puede entregar: Verano",
    "No se pudo entregar el mensaje a estos destinatarios:\n\nanna@example.com\nEl buzón del destinatario no existe\n",
    "bounce",
    "hard",
)
said(
    "it",
    "postmaster@posta.example.it",
    "Mancato recapito: Estate",
    "Impossibile recapitare il messaggio a:\n<anna@example.com>\nMotivo: casella di posta piena\n",
    "bounce",
    "soft",
)
said(
    "jp nttdocomo",
    "Mail Administrator <postmaster@docomo.ne.jp>",
    "=?iso-2022-jp?B?GyRCO1gkJCQ/GyhC?=",
    "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n送信先メールアドレスが見つかりません、または送信先メールサーバの事由により送信できませんでした。\n\n <anna@example.com>\n",
    "bounce",
    "hard",
)
said(
    "jp au",
    "Postmaster@ezweb.ne.jp",
    "Mail System Error - Returned Mail",
    "The user(s) account is disabled.\n\n<anna@example.com>: 550 user unknown\n",
    "bounce",
    "hard",
)
said(
    "jp full",
    "MAILER-DAEMON@example.jp",
    "配信不能: お知らせ",
    "<anna@example.com>\n宛先のメールボックスの容量が超過しているため、配信できませんでした。\n",
    "bounce",
    "soft",
)
said(
    "cn 163",
    "Postmaster@163.com",
    "系统退信",
    "抱歉，您的邮件被退回来了……\n收件人：<anna@example.com>\n退信原因：收件人不存在 User not found: anna@example.com\n",
    "bounce",
    "hard",
)
said(
    "cn full",
    "PostMaster@qq.com",
    "来自qq.com的退信",
    "您的邮件无法投递到 anna@example.com\n收件人邮箱已满\n",
    "bounce",
    "soft",
)
said(
    "ru",
    "mailer-daemon@corp.mail.ru",
    "Недоставленное сообщение",
    "Не удалось доставить письмо адресату anna@example.com\n550 Message was not accepted -- invalid mailbox.  Local mailbox anna@example.com is unavailable: user not found\n",
    "bounce",
    "hard",
)
said(
    "ko",
    "postmaster@naver.com",
    "메일이 반송되었습니다",
    "받는사람: anna@example.com\n존재하지 않는 이메일 주소입니다.\n",
    "bounce",
    "hard",
)
said(
    "nl",
    "postmaster@corp.example.nl",
    "Onbestelbaar: Zomer",
    "Uw bericht is niet bezorgd bij anna@example.com\nHet e-mailadres bestaat niet.\n",
    "bounce",
    "hard",
)
said(
    "mimecast",
    "Mimecast Postmaster <postmaster@mimecast.org>",
    "[Postmaster] Email Delivery Failure",
    "The message you sent to anna@example.com has been rejected by the recipient's mail server.\n\nReason: 550 Rejected by header based manually Blocked Senders\n",
    "bounce",
    "block",
)
said(
    "mimecast2",
    "postmaster@corp.example.com",
    "[Postmaster] Email Delivery Failure",
    "This is a delivery failure notification message indicating that an email you addressed to email address :\n-- anna@example.com\n\ncould not be delivered. The problem appears to be :\n-- Recipient email server rejected the message\n\nAdditional information follows :\n-- 550 5.1.1 User Unknown\n",
    "bounce",
    "hard",
)
said(
    "barracuda",
    "Barracuda <noreply@barracuda.example.net>",
    "**Message you sent blocked by our bulk email filter**",
    "Your message to: anna@example.com\nwas blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:\n\nSubject: Summer\n",
    "bounce",
    "block",
)
said(
    "proofpoint",
    "MAILER-DAEMON@pphosted.com",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: host mx1.pphosted.com said: 554 5.7.1 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1\n",
    "bounce",
    "block",
)
said(
    "icloud full",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: host mx01.mail.icloud.com said: 552 5.2.2 <anna@example.com>: user is over quota (in reply to RCPT TO command)\n",
    "bounce",
    "soft",
)
said(
    "icloud pol",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: host mx01.mail.icloud.com said: 550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137\n",
    "bounce",
    "block",
)
said(
    "outlook.com block",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@outlook.com>: host outlook-com.olc.protection.outlook.com said: 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).\n",
    "bounce",
    "block",
    "anna@outlook.com",
)
said(
    "outlook.com nouser",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@outlook.com>: host outlook-com.olc.protection.outlook.com said: 550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). (in reply to RCPT TO command)\n",
    "bounce",
    "hard",
    "anna@outlook.com",
)
said(
    "eop 5.4.1",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: host example-com.mail.protection.outlook.com said: 550 5.4.1 Recipient address rejected: Access denied. AS(201806281) (in reply to RCPT TO command)\n",
    "bounce",
    "hard",
)
said(
    "lotus",
    "postmaster@corp.example.com",
    "DELIVERY FAILURE: User anna (anna@example.com) not listed in Domino Directory",
    "Your message\n\n  Subject: Summer\n\nwas not delivered to:\n\n  anna@example.com\n\nbecause:\n\n  User anna (anna@example.com) not listed in Domino Directory\n",
    "bounce",
    "hard",
)
said(
    "groupwise",
    "Mailer-Daemon@corp.example.com",
    "Message status - undeliverable",
    "The message that you sent was undeliverable to the following:\n\tanna@example.com (user not found)\n",
    "bounce",
    "hard",
)
said(
    "mdaemon",
    "MDaemon at corp.example.com <MDaemon@corp.example.com>",
    "Permanent Delivery Failure",
    "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: anna@example.com\n\n--- Session Transcript ---\nRCPT To:<anna@example.com>\n550 <anna@example.com>, Recipient unknown\n",
    "bounce",
    "hard",
)
said(
    "mailenable",
    "postmaster@corp.example.com",
    "Message Delivery Failure",
    "MailEnable: Message Delivery Failure.\n\nThe following recipient(s) could not be reached:\n\n   Recipient: [SMTP:anna@example.com]\n   Reason: Remote SMTP Server Returned: 550 5.1.1 unknown user\n",
    "bounce",
    "hard",
)
said(
    "ses",
    "MAILER-DAEMON@amazonses.com",
    "Delivery Status Notification (Failure)",
    "An error occurred while trying to deliver the mail to the following recipients:\nanna@example.com\n",
    "bounce",
    "soft",
)
said(
    "nobody says why",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered mail",
    "Your mail to anna@example.com could not be delivered.\n",
    "bounce",
    "soft",
)
said(
    "verizon",
    "postmaster@vtext.com",
    "Undeliverable Message",
    "Error: \n550 - Requested action not taken: no such user here\nRCPT TO: anna@example.com\n",
    "bounce",
    "hard",
)
said(
    "moved",
    "MAILER-DAEMON@mx.example.net",
    "Undeliverable",
    "anna@example.com\nThis person is no longer with the company\n",
    "bounce",
    "hard",
)
said(
    "too big",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: message size 31457280 exceeds size limit 10485760 of server mx.example.com[192.0.2.1]\n",
    "bounce",
    "soft",
)
said(
    "greylist final",
    "MAILER-DAEMON@mx.example.net",
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: host mx.example.com[192.0.2.1] said: 451 4.7.1 Greylisting in action, please come back later (in reply to RCPT TO command)\n",
    "bounce",
    "soft",
)
said(
    "loop",
    DAEMON,
    "Undelivered Mail Returned to Sender",
    "<anna@example.com>: mail for example.com loops back to myself\n",
    "bounce",
    "soft",
)
for subject in (
    "Automatic reply: Summer",
    "Out of Office: Summer",
    "Automatische Antwort: Sommer",
    "Abwesenheitsnotiz: Sommer",
    "Réponse automatique : Été",
    "Respuesta automática: Verano",
    "自動応答: 夏",
    "Re: Summer [Auto-Reply]",
    "Risposta automatica: Estate",
    "Automatisch antwoord: Zomer",
    "不在通知: 夏",
):
    said(
        f"auto {subject}",
        ANNA,
        subject,
        "I am away until Monday. My mailbox is not read. In urgent cases write to bob@example.com.\n",
        "auto_reply",
        "",
        None,
    )
said(
    "vacation header",
    ANNA,
    "Re: Summer",
    "I am away",
    "auto_reply",
    "",
    None,
    **{"Auto-Submitted": "auto-replied", "In-Reply-To": "<a@b>"},
)
said("vacation null", ANNA, "Out of Office", "I am on vacation", "auto_reply", "", None, **{"Return-Path": "<>"})
said(
    "oof auto-generated",
    ANNA,
    "Summer: I am out",
    "I am on vacation",
    "auto_reply",
    "",
    None,
    **{"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
)
said("prec", ANNA, "Re: Summer", "back soon", "auto_reply", "", None, Precedence="auto_reply")
said(
    "human",
    ANNA,
    "Re: Summer",
    "My mailbox is full of your mails! user unknown 550 5.1.1 haha",
    "reply",
    "",
    None,
    **{"In-Reply-To": "<x@y>"},
)
said(
    "human angry",
    ANNA,
    "Re: Undelivered Mail Returned to Sender",
    "what is this? <anna@example.com>: 550 5.1.1 User unknown",
    "reply",
    "",
    None,
    **{"In-Reply-To": "<x@y>"},
)
said("spam", ANNA, "Buy now", "cheap watches", "unknown", "", None)
said(
    "newsletter about delivery",
    ANNA,
    "Your parcel delivery",
    "Your parcel will be delivered tomorrow",
    "unknown",
    "",
    None,
)
said("order delivery", ANNA, "Delivery notification for your parcel", "It comes today", "unknown", "", None)


def head(sender, subject, headers):
    more = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"From: {sender}\nTo: bounces@mail.example.com\nSubject: {subject}\n{more}MIME-Version: 1.0\n"


def plain(text):
    return f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}"


def packed(text):
    return f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{base64.encodebytes(text.encode()).decode()}"


def html(text):
    lines = "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
    return f"Content-Type: text/html; charset=utf-8\n\n<html><head><style>p {{ color: red }}</style></head><body>{lines}</body></html>"


def with_returned(text):
    returned = f"Received: from a\nFrom: news@mail.example.com\nTo: anna@example.com\nMessage-ID: {OURS}\nSubject: Summer\n\nvirus, user unknown, mailbox full\n"
    return (
        'Content-Type: multipart/mixed; boundary="=_b"\n\n--=_b\n'
        f"{plain(text)}\n--=_b\nContent-Type: message/rfc822\n\n{returned}\n--=_b--\n"
    )


SHAPES = {"plain": plain, "base64": packed, "html": html, "with the mail": with_returned}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("name", "sender", "subject", "body", "kind", "cause", "address", "headers"), SAID, ids=[one[0] for one in SAID]
)
def test_what_comes_back_is_understood(name, sender, subject, body, kind, cause, address, headers, shape):
    if shape == "with the mail" and kind not in (Kind.BOUNCE, Kind.DELAY):
        shape = "plain"
    found = read_returned((head(sender, subject, headers) + SHAPES[shape](body)).encode(), MINT.verify_message_id)
    assert (found.kind, found.cause) == (kind, cause), found
    if address is not None:
        assert found.addresses == (address,), found
    if shape == "with the mail":
        assert (found.message, found.proof) == (REF, Proof.MESSAGE_ID)


LINES = [
    ("5.1.1", "550 5.1.1 <x@y.z>: Email address could not be found, or was misspelled (G8)", "hard"),
    ("", "550 Invalid recipient <x@y.z> (#5.1.1)", "hard"),
    ("", "550 #5.1.0 Address rejected.", "hard"),
    ("5.1.0", "550 5.1.0 Address rejected", "hard"),
    ("", "550 5.2.1 The email account that you tried to reach is inactive", "hard"),
    (
        "",
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
        "throttle",
    ),
    ("", "452 4.2.2 The email account that you tried to reach is over quota", "soft"),
    (
        "",
        "421 4.7.0 [TSS04] Messages from 1.2.3.4 temporarily deferred due to user complaints - 4.16.55.1; see https://postmaster.verizonmedia.com/error-codes",
        "throttle",
    ),
    (
        "",
        "421 RP-001 (BAY004-MC1F15) Unfortunately, some messages from 1.2.3.4 weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day.",
        "throttle",
    ),
    (
        "",
        "550 SC-001 (BAY004-MC4F12) Unfortunately, messages from 1.2.3.4 weren't sent. Please contact your Internet service provider since part of their network is on our block list.",
        "block",
    ),
    ("", "550 DY-001 Mail rejected by Windows Live Hotmail for policy reasons.", "block"),
    ("", "554 IMTA-... mail refused - see http://spamcop.net", "block"),
    ("", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "soft"),
    ("", "550 relay not permitted", "soft"),
    ("", "501 <x@y>: domain missing or malformed", "soft"),
    ("", "550 5.4.1 All recipient addresses rejected : Access denied", "hard"),
    ("", "554 5.4.6 Hop count exceeded - possible mail loop", "soft"),
    ("", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34", "soft"),
    ("5.4.4", "DNS Error: domain name not found", "hard"),
    ("", "DNS Error: 12345 DNS type 'mx' lookup of example.invalid responded with code NXDOMAIN", "hard"),
    ("4.4.4", "[{LED=450 4.4.317 Cannot connect to remote server", "soft"),
    (
        "",
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
        "soft",
    ),
    ("", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", "soft"),
    ("", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", "block"),
    ("", "550 5.0.350 Remote server returned an error -> 550 Message rejected as spam by Content Filtering.", "block"),
    ("", "550 5.0.350 Remote server returned an error -> 550 User unknown", "hard"),
    ("", "550 permanent failure for one or more recipients (x@y.z:550 5.1.1 unknown)", "hard"),
    ("", "550 permanent failure for one or more recipients (x@y.z:blocked)", "block"),
    ("", "550 envelope blocked - https://community.mimecast.com/docs/DOC-1369#550", "block"),
    ("", "550 Administrative prohibition - envelope blocked", "block"),
    ("", "550 Rejected by header based Anti-Spoofing policy", "block"),
    ("", "451 Internal resource temporarily unavailable", "soft"),
    ("", "451 4.7.1 Greylisting in action, please come back in 00:05:00", "soft"),
    ("", "450 4.2.0 <x@y>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/", "soft"),
    ("", "550 No such person at this address", "hard"),
    ("", '550-No Such User Here"', "hard"),
    ("", "550 Mailbox unavailable or access denied - <x@y>", "block"),
    ("", "552 5.2.2 Over quota", "soft"),
    (
        "",
        "554 delivery error: dd Sorry your message to x@y.z cannot be delivered. This account has been disabled or discontinued [#102].",
        "hard",
    ),
    ("", "554 5.7.1 Service unavailable; Client host [1.2.3.4] blocked using zen.spamhaus.org", "block"),
    ("", "550 5.1.8 <a@b>: Sender address rejected: Domain not found", "block"),
    ("", "553 5.1.8 Domain of sender address a@b does not exist", "block"),
    ("", "550 5.7.25 The IP address sending this message does not have a PTR record setup", "block"),
    ("", "550-5.7.26 This mail has been blocked because the sender is unauthenticated.", "block"),
    (
        "",
        "550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level.",
        "block",
    ),
    ("", "552 5.3.4 Message size exceeds fixed limit", "soft"),
    ("", "552-5.7.0 This message was blocked because its content presents a potential security issue", "block"),
    ("", "550 5.1.6 Recipient no longer on server", "hard"),
    ("", "550 5.1.2 <x@y>: Recipient address rejected: Domain not found", "hard"),
    ("", "556 5.1.10 Recipient address has null MX", "hard"),
    ("", "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable", "hard"),
    ("", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "soft"),
    ("", "554 5.6.0 STOREDRV.Deliver; Corrupt message content", "block"),
    ("", "550 Account is not available", "hard"),
    ("", "550 x@y.z... Account not available", "hard"),
    ("", "550 [x@y] Quota Exceeded / Mailbox voll", "soft"),
    ("", "550 Benutzer hat zuviele Mails auf dem Server.", "soft"),
    ("", "550 5.7.1 <x@y>: Recipient address rejected: this user has moved", "hard"),
    ("", "450 4.1.1 <x@y>: Recipient address rejected: unverified address: host said", "soft"),
    ("", "550 5.1.1 <x@y>: Recipient address rejected: undeliverable address", "hard"),
    ("", "smtp; 550 Cannot find user", "hard"),
    ("", "550 5.7.64 TenantAttribution; Relay Access Denied", "soft"),
    ("", "554 Denied (Mode: normal)", "block"),
    ("", "571 Message Refused", "block"),
    ("", "554 rejected due to spam content", "block"),
    ("", "5.3.0 (Other mail system problem) 554-'5.7.1 bad sender reputation'", "block"),
    ("", "550 MAILBOX NOT FOUND", "hard"),
    ("", "550 The user has been suspended", "hard"),
    ("", "522 5.2.2 mailbox full", "soft"),
    ("", "451 4.3.0 Message held for human verification before permanent delivery", "soft"),
    ("", "450 4.7.25 Client host rejected: cannot find your hostname", "block"),
    ("", "554 5.7.1 Blacklisted by recipient", "block"),
    ("", "550 Unable to relay for x@y", "soft"),
    ("", "x@y: mailbox for x@y is full", "soft"),
    ("", "delivery temporarily suspended: connect to mx.y.z[1.2.3.4]:25: Connection refused", "soft"),
    ("", "unable to look up host y.z: Name or service not known", "hard"),
    ("", "Could not find domain y.z", "hard"),
    ("", "550 5.4.310 DNS domain y.z does not exist", "hard"),
    ("", "550 5.4.300 Message expired -> 451 4.7.500 Server busy", "soft"),
    ("", "The recipient's mailbox has been closed", "hard"),
    ("", "Dieser Benutzer existiert nicht", "hard"),
    ("", "Das Postfach ist voll", "soft"),
    ("", "La boîte de réception du destinataire est pleine", "soft"),
    ("", "L'adresse n'existe pas", "hard"),
    ("", "宛先が見つかりませんでした", "hard"),
]


@pytest.mark.parametrize(("status", "words", "cause"), LINES, ids=[one[1][:60] for one in LINES])
def test_one_line_of_a_relay(status, words, cause):
    assert cause_of(status, words) is Cause(cause)
