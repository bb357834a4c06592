"""The forms recipients send: the one click of RFC 8058, and the buttons of our own pages."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MAX_BODY = 4096
_DRAINED = 65_536


def body_of(environ: WSGIEnvironment, most: int = MAX_BODY, drained: int = _DRAINED) -> bytes | HTTPStatus:
    """The request's body of at most *most* octets, read before anything is answered; or why it is not taken."""
    try:
        length = max(int(environ.get("CONTENT_LENGTH") or 0), 0)
        stream: BinaryIO = environ["wsgi.input"]
        # Beyond the limit too, up to *drained* octets: a client that is cut off while it sends never sees the answer.
        body = stream.read(min(length, drained)) if length else b""
    except ValueError:
        return HTTPStatus.BAD_REQUEST
    except OSError:
        return HTTPStatus.REQUEST_TIMEOUT
    return body if length <= most else HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def form_of(environ: WSGIEnvironment) -> dict[str, str] | HTTPStatus:
    """The fields of a form that have exactly one value, as either kind of form; or why the body is not taken."""
    body = body_of(environ)
    if isinstance(body, HTTPStatus):
        return body
    content_type = str(environ.get("CONTENT_TYPE", ""))
    if content_type.lower().startswith("multipart/form-data"):
        return _multipart(content_type, body)
    form = parse_qs(body.decode("latin-1"), max_num_fields=16) if body.count(b"&") < 16 else {}
    return {name: values[0] for name, values in form.items() if len(values) == 1}


def confirmed(form: dict[str, str]) -> bool:
    """RFC 8058 §3.2: the pair List-Unsubscribe=One-Click."""
    return form.get("List-Unsubscribe") == "One-Click"


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type[:300]}\r\n\r\n".encode("latin-1", "replace")
    parts = BytesParser().parsebytes(head + body).get_payload()
    fields: dict[str, str] = {}
    for part in parts if isinstance(parts, list) else []:
        name = part.get_param("name", header="content-disposition") if isinstance(part, Message) else None
        payload = part.get_payload() if isinstance(part, Message) else None
        if isinstance(name, str) and isinstance(payload, str):
            fields[name] = payload.strip()
    return fields
