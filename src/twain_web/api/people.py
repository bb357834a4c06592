"""People by full name and title; oneself; one's own tokens."""

from __future__ import annotations

from datetime import datetime

from ninja import Query, Router, Schema
from pydantic import Field

from twain_web.api.door import Asked, Needs
from twain_web.api.problems import must_exist
from twain_web.api.shapes import Name, Page, Paging, Words, page
from twain_web.rooms.people.public import (
    MadeToken,
    TokenCard,
    directory,
    make_token,
    revoke_token,
    scopes,
    tokens_of,
)

router = Router(tags=["People"])
READ = Needs("people.read_people")
OWN = Needs("people.edit_own_profile", writes=True, own=True)
SEE_OWN = Needs("people.edit_own_profile")


class PersonOut(Schema):
    """Somebody of either team, as they want to be named."""

    username: str
    full_name: str
    title: str
    shown: str
    team: str
    side: str
    roles: list[str]


class Me(Schema):
    """Who this token acts as, and what it is good for. A browser's session has no prefix and every reading scope."""

    username: str
    shown: str
    roles: list[str]
    scopes: list[str]
    token: str | None


class TokenOut(Schema):
    """One token of one's own; its secret is not kept anywhere."""

    prefix: str
    name: str
    scopes: list[str]
    state: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class TokenMade(TokenOut):
    """A new token with its secret: keep it now, nobody can show it again."""

    secret: str


class TokenWanted(Schema):
    """What a new token shall be good for, and how long."""

    name: Words = Field(min_length=1)
    scopes: list[str] = Field(min_length=1, max_length=40)
    days: int = Field(90, ge=1, le=366)


@router.get("/people", response=Page[PersonOut], auth=READ)
def list_people(request: Asked, paging: Query[Paging]) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Everybody who can sign in, by name."""
    return page(directory(), paging)


@router.get("/me", response=Me, auth=READ)
def get_me(request: Asked) -> dict[str, object]:
    """Who is calling."""
    caller = request.auth
    good_for = caller.bearer.scopes if caller.bearer else {s for s in scopes() if s.endswith(":read")}
    return {
        "username": caller.username,
        "shown": str(request.user),
        "roles": sorted(role.value for role in request.user.role_names),
        "scopes": sorted(good_for),
        "token": caller.bearer.prefix if caller.bearer else None,
    }


@router.get("/tokens", response=Page[TokenOut], auth=SEE_OWN)
def list_tokens(request: Asked, paging: Query[Paging]) -> dict[str, object]:
    """One's own tokens, newest first."""
    return page(tokens_of(request.user), paging)


@router.post("/tokens", response={201: TokenMade}, auth=OWN)
def create_token(request: Asked, wanted: TokenWanted) -> dict[str, object]:
    """Make a token that may no more and lasts no longer than the one it is made with. Its secret is in this answer alone."""
    caller = request.auth
    made: MadeToken = make_token(
        by=request.user, name=wanted.name, wanted=wanted.scopes, days=wanted.days, within=caller.bearer,
        address=str(request.META.get("REMOTE_ADDR", "")),
    )  # fmt: skip
    return _token(made.card) | {"secret": made.secret}


@router.delete("/tokens/{prefix}", response=TokenOut, auth=OWN)
def delete_token(request: Asked, prefix: Name) -> TokenCard:
    """End one of one's own tokens, at once and for good."""
    with must_exist():
        return revoke_token(by=request.user, prefix=prefix, address=str(request.META.get("REMOTE_ADDR", "")))


def _token(card: TokenCard) -> dict[str, object]:
    names = ("prefix", "name", "scopes", "state", "created_at", "expires_at", "last_used_at")
    return {name: getattr(card, name) for name in names}
