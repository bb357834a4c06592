"""Errors for programs: RFC 9457 problems with our code, in both voices. Bad input is 4xx, always; nothing shows a trace."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from twain.errors import (
    ChannelUnavailable,
    ConfigError,
    ContractError,
    Held,
    LedgerError,
    LedgerUnavailable,
    SourceUnavailable,
    TwainError,
    WrongState,
)

log = logging.getLogger("twain.api")

MEDIA_TYPE = "application/problem+json"
_STATUS = (
    (WrongState, 409),
    (Held, 409),
    (SourceUnavailable, 503),
    (LedgerUnavailable, 503),
    (ChannelUnavailable, 503),
)


class Wrong(Schema):
    """One thing that is wrong with a request: where it stands, and what."""

    where: str
    what: str


class Problem(Schema):
    """What happened (*what*, in Marketing's words *business*), and what to do (*todo*). docs/errors.md explains each *code*."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    what: str
    todo: str
    business: str
    errors: list[Wrong]


class NotThere(Exception):
    """The thing that the address names does not exist."""

    def __init__(self, error: TwainError) -> None:
        super().__init__(error.what)
        self.error = error


class TooOften(Exception):
    """The caller asks too often; *wait* is the seconds until the next request is answered."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"{wait:.1f} s")
        self.wait = wait


@contextmanager
def must_exist() -> Iterator[None]:
    """What is looked up in here is named by the address: whatever the flow says of it, the answer is 404."""
    try:
        yield
    except LedgerUnavailable:
        raise
    except (ConfigError, ContractError, LedgerError) as error:
        raise NotThere(error) from error


def problem(
    status: int, code: str, what: str, todo: str = "", *, business: str = "", errors: list[Wrong] | None = None
) -> HttpResponse:
    """The answer for one problem."""
    words = Problem(
        type=f"urn:twain:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=f"{what} {todo}".strip(),
        code=code,
        what=what,
        todo=todo,
        business=business or what,
        errors=errors or [],
    )
    return HttpResponse(json.dumps(words.model_dump()), status=status, content_type=MEDIA_TYPE)


def answer_in_problems(api: NinjaAPI) -> None:
    """Let every exception of *api*'s operations become a problem."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)  # type: ignore[arg-type]  # each takes its own kind


def _of_the_flow(_: HttpRequest, error: TwainError) -> HttpResponse:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 422)
    return problem(status, error.shown_code, error.what, error.todo, business=error.business)


def _not_there(_: HttpRequest, error: NotThere) -> HttpResponse:
    said = error.error
    return problem(404, said.shown_code, said.what, said.todo, business=said.business)


def _unknown_address(_: HttpRequest, error: Http404) -> HttpResponse:
    what = f"There is nothing called {error}." if str(error) else "There is nothing here."
    return problem(404, "404", what, "It may have been renamed or archived.")


def _refused(_: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return problem(403, "403", "This is not yours to do.", str(error) or "Ask an administrator for the role you need.")


def _unknown_caller(_: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001 — a handler
    todo = "Send a token that is still good: Authorization: Bearer twain_… (your own page in the house makes them)."
    answer = problem(401, "401", "It is not known who asks.", todo)
    answer["WWW-Authenticate"] = 'Bearer realm="twain"'
    return answer


def _too_often(_: HttpRequest, error: TooOften) -> HttpResponse:
    seconds = max(1, math.ceil(error.wait))
    answer = problem(429, "429", "This token asks too often.", f"Go on in {seconds} s, and more slowly.")
    answer["Retry-After"] = str(seconds)
    return answer


def _not_understood(_: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error.status_code), error.message, "Correct the request.")


def _too_large(_: HttpRequest, error: RequestDataTooBig) -> HttpResponse:  # noqa: ARG001 — a handler
    return problem(413, "413", "The request is too large.", "Send it in parts.")


def _not_valid(_: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [Wrong(where=".".join(str(step) for step in one["loc"]), what=str(one["msg"])) for one in error.errors]
    todo = "Look at /api/openapi.json for what is wanted here."
    return problem(422, "422", "The request has something in it that cannot be.", todo, errors=wrong)


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    todo = "It has been logged. Try again; if it comes back, tell your IT operator the time."
    return problem(500, "500", "Something went wrong here.", todo)


_HANDLERS = {
    TwainError: _of_the_flow,
    NotThere: _not_there,
    Http404: _unknown_address,
    PermissionDenied: _refused,
    AuthenticationError: _unknown_caller,
    TooOften: _too_often,
    HttpError: _not_understood,
    ValidationError: _not_valid,
    RequestDataTooBig: _too_large,
    Exception: _unforeseen,
}
