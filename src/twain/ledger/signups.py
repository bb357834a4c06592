"""What people sent by forms: kept with the proof of their consent, confirmed once, mailed not too often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal

from twain.ledger.book import Book
from twain.ledger.driver import Row, Transaction
from twain.ledger.outgoing import add_outgoing
from twain.records import Outgoing, SignedUp, Signup

#: Nobody gets a second mail that asks for confirmation sooner than this, whoever fills in whatever form; in seconds.
MAIL_PAUSE = 3600.0
_NETWORK_WINDOW = 3600.0
_NOTHING = b""


class Signups(Book):
    """Signups by form."""

    def sign_up(
        self, signup: Signup, outgoing: Sequence[Outgoing] = (), *, most: int = 60
    ) -> Literal["kept", "limited"]:
        """Keep one, and what goes on at once. ``limited``: its network has sent *most* within the hour, and nothing was kept.

        Whoever waits for confirmation by the same form already has that one renewed: there is never a second.
        """
        with self._driver.writing() as tx:
            if signup.network and _from_network(tx, signup) >= most:
                return "limited"
            pending = tx.one(
                "signup_pending", address_hash=signup.address_hash, form=signup.form, now=signup.at
            ) if signup.state == "pending" else None  # fmt: skip
            if pending is not None:
                _renew(tx, pending, signup)
            else:
                tx.run("signup_add", **asdict(signup))
            add_outgoing(tx, outgoing)
        return "kept"

    def signup(self, identifier: bytes) -> Signup | None:
        """One signup, whatever became of it."""
        with self._driver.reading() as tx:
            row = tx.one("signup_one", id=identifier)
        return None if row is None else _from_row(row)

    def signups_of(self, address_hash: bytes) -> list[Signup]:
        """All of one address, oldest first: the proofs of consent."""
        with self._driver.reading() as tx:
            return [_from_row(row) for row in tx.all("signup_of", address_hash=address_hash)]

    def confirm_signup(
        self, identifier: bytes, network: str, outgoing: Sequence[Outgoing], scopes: Sequence[str] = ()
    ) -> bool:
        """Confirm one that waits for it, with what goes on then, in one transaction; False when it no longer waits.

        *scopes*: for these they take back what they themselves had stopped before.
        """
        now = self._clock.now()
        with self._driver.writing() as tx:
            done = tx.run("signup_confirm", id=identifier, now=now, network=network, nothing=_NOTHING) > 0
            if done:
                add_outgoing(tx, outgoing)
                row = tx.one("signup_one", id=identifier)
                digest = row["address_hash"] if row else _NOTHING
                if scopes:
                    tx.many("suppression_take_back", [{"address_hash": digest, "scope": scope} for scope in scopes])
        return done

    def expire_signups(self) -> int:
        """End what waited in vain; its answers go, the proof that it was asked for stays. How many."""
        with self._driver.writing() as tx:
            return tx.run("signup_expire", now=self._clock.now(), nothing=_NOTHING)

    def tally_signups(self) -> list[SignedUp]:
        """How many there are by form and state."""
        with self._driver.reading() as tx:
            return [SignedUp(**dict(row)) for row in tx.all("signup_tally")]

    def signups_to_mail(self, limit: int = 50) -> list[bytes]:
        """Those whose mail may go now."""
        with self._driver.reading() as tx:
            return [bytes(row["id"]) for row in tx.all("signup_to_mail", now=self._clock.now(), limit=limit)]

    def take_mail(self, identifier: bytes) -> Signup | None:
        """Claim one's mail, durably: nobody else mails this address within the hour, even if this process dies now.

        None when somebody else has it, or the address got such a mail less than an hour ago: then it waits.
        """
        now = self._clock.now()
        with self._driver.writing() as tx:
            tx.one("signup_lock")
            taken = tx.run("signup_take_mail", id=identifier, now=now, until=now + MAIL_PAUSE)
            row = tx.one("signup_one", id=identifier) if taken else None
            if row is None:
                return None
            last = tx.one(
                "signup_last_mail", address_hash=row["address_hash"], id=identifier, pause=MAIL_PAUSE
            )  # fmt: skip
            if last is not None and last["at"] is not None and last["at"] > now - MAIL_PAUSE:
                tx.run("signup_put_off", id=identifier, until=last["at"] + MAIL_PAUSE)
                return None
        return _from_row(row)

    def note_mail(self, identifier: bytes, *, mailed_at: float = 0.0, again: float = 0.0, problem: str = "") -> None:
        """What became of a mail: taken by the relay at *mailed_at*, or to be tried *again* then, and why."""
        with self._driver.writing() as tx:
            tx.run("signup_mailed", id=identifier, mailed_at=mailed_at, mail_due=again, problem=problem)

    def forget_signups(self, hashes: Iterable[bytes]) -> int:
        """Erase the signups of addresses, and what waits to go on about them; returns how many rows."""
        with self._driver.writing() as tx:
            changed = 0
            for digest in hashes:
                changed += tx.run("signup_forget", address_hash=digest)
                changed += tx.run("outgoing_forget", address_hash=digest)
                changed += tx.run("outgoing_unname", address_hash=digest, nobody=_NOTHING)
        return changed


def _from_network(tx: Transaction, signup: Signup) -> int:
    tx.one("signup_lock")
    row = tx.one("signup_from_network", network=signup.network, since=signup.at - _NETWORK_WINDOW)
    return int(row["number"]) if row else 0


def _renew(tx: Transaction, pending: Row, signup: Signup) -> None:
    """The answers and the consent are those given last; the mail goes again only when the last one is an hour old."""
    tx.run(
        "signup_again", id=pending["id"], sealed=signup.sealed, at=signup.at, language=signup.language,
        version=signup.version, text_hash=signup.text_hash, network=signup.network,
        again=signup.at, pause=MAIL_PAUSE,
    )  # fmt: skip


def _from_row(row: Row) -> Signup:
    values: dict[str, Any] = {name: row[name] for name in Signup.__slots__}
    return Signup(**values | {name: bytes(values[name]) for name in ("id", "address_hash", "text_hash", "sealed")})
