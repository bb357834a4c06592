"""The peer: aiosmtplib, EmailMessage and Jinja2, used with care. Arguments: port, messages, connections."""

import asyncio
import sys
import time
from email.message import EmailMessage

import aiosmtplib
import jinja2

from benchmarks._workspace import body_html


def build(template: jinja2.Template, number: int) -> EmailMessage:
    odd = number % 10 < 3
    person = {
        "given_name": "Jürgen" if odd else "Martin", "family_name": "Müßig" if odd else "Smith",
        "city": "Düsseldorf" if odd else "Berlin", "country": "Germany", "tier": "gold", "points": number % 1000,
        "store": "Köln Süd", "product": "rain jacket", "note": "Schöne Grüße", "joined": "2019-01-01",
        "orders": [{"product": "hiking boot", "total": 19.9 + n} for n in range(3)],
        "unsubscribe_url": f"https://mail.example.com/u/{number}", "postal_address": "Hafenstr. 1, 20457 Hamburg",
    }  # fmt: skip
    html = template.render(person)
    message = EmailMessage()
    message["From"] = "Nordlicht Outdoor <news@mail.example.com>"
    message["To"] = f"person{number}@d{number % 500}.example.com"
    message["Subject"] = f"{person['given_name']}, your orders from {person['city']}"
    message["Message-ID"] = f"<bench.{number}@mail.example.com>"
    message["List-Unsubscribe"] = f"<{person['unsubscribe_url']}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(f"Hello {person['given_name']}, see {person['unsubscribe_url']}")
    message.add_alternative(html, subtype="html")
    return message


async def one_connection(port: int, template: jinja2.Template, numbers: range) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as client:
        for number in numbers:
            await client.send_message(build(template, number))


async def main(port: int, messages: int, connections: int) -> None:
    template = jinja2.Environment(autoescape=True).from_string(body_html())
    begun = time.perf_counter()
    await asyncio.gather(*(one_connection(port, template, range(n, messages, connections)) for n in range(connections)))
    print(messages / (time.perf_counter() - begun))


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
