"""The instance's secrets, and every key that is made from them.

Two secrets, with opposite lives:

* the *instance secret* wraps run keys and signs tokens. It is a ring: ``rotate`` adds a new one for everything made from
  now on, while the old ones still open and verify what they made, for years.
* the *suppression key* turns addresses into hashes. It lies in its own file, is backed up and is **never** rotated: with
  another key nobody who unsubscribed would be recognised any more.

Purpose keys are derived with HKDF-SHA256 (RFC 5869), so that no key serves two purposes. Files are made 0600 on first use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from twain.errors import ConfigError, LedgerError
from twain.settings import Settings

SUPPRESSION_FILE = "suppression.key"
SUPPRESSION_ENV = "TWAIN_SUPPRESSION_KEY"
_SEALED = b"TK1"
_WELL_KNOWN = ("changeme", "change-me", "change_me", "default", "example", "insecure", "password", "secret")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys of one purpose by their id (1 … 255). *current* signs; all of them verify."""

    current: int
    keys: Mapping[int, bytes] = field(repr=False)


class Vault:
    """Keys of one instance. Nothing of it is ever printed: its repr names no key."""

    suppression_key_file: Path | None
    """What a backup must hold beside the ledger; None when the key comes from the environment."""

    def __init__(
        self,
        instance_secrets: Mapping[int, bytes],
        suppression_key: bytes,
        *,
        file: Path | None = None,
        suppression_key_file: Path | None = None,
    ) -> None:
        self._secrets = dict(instance_secrets)
        self.suppression_key_file = suppression_key_file
        self._file = file
        self._suppression_key = suppression_key
        self._inner, self._outer = _hmac_states(suppression_key)

    def __repr__(self) -> str:
        return f"Vault(secrets={sorted(self._secrets)}, suppression={self.suppression_fingerprint})"

    @classmethod
    def open(cls, settings: Settings, environ: Mapping[str, str] | None = None) -> Vault:
        """Read the secrets that *settings* names; make the files (0600) on first use.

        Raises ConfigError when a secret is missing, weak, a well-known default, or readable by other users.
        """
        env = os.environ if environ is None else environ
        key_file = None if env.get(SUPPRESSION_ENV) else settings.state / SUPPRESSION_FILE
        suppression = _suppression_key(key_file, env)
        if settings.secret_env:
            ring, file = _parse_ring(_from_env(settings.secret_env, env), settings.secret_env), None
        else:
            file = settings.secret_file or settings.state / "secret"
            ring = _parse_ring(_read_or_make(file, _new_ring_line), str(file))
        return cls(ring, suppression, file=file, suppression_key_file=key_file)

    def tokens(self) -> KeyRing:
        """The ring under which tokens and Message-IDs are signed: 32-byte keys."""
        keys = {number: _derive(secret, b"tokens") for number, secret in self._secrets.items()}
        return KeyRing(max(keys), keys)

    def web_keys(self) -> list[bytes]:
        """The keys under which the web application signs sessions and forms, 32 bytes each: the newest signs, all verify."""
        return [_derive(self._secrets[number], b"web") for number in sorted(self._secrets, reverse=True)]

    def audit_key(self) -> bytes:
        """The key of the audit's HMAC chain: 32 bytes, of the first secret of the ring, so that old rows still verify."""
        return _derive(self._secrets[min(self._secrets)], b"audit")

    def rotate(self) -> int:
        """Add a new instance secret; everything made from now on uses it. Returns its number.

        Raises ConfigError when the secret comes from the environment: it is rotated there.
        """
        if self._file is None:
            raise ConfigError(
                "The instance secret comes from the environment.",
                todo="Add ',<next number>:<secret>' to that variable; keep the old ones in it.",
                code="T125",
            )
        number = max(self._secrets) + 1
        if number > 255:
            raise ConfigError("The ring is full: 255 secrets.", todo="Remove the oldest line of it.", code="T125")
        line = _new_ring_line(number)
        with self._file.open("a", encoding="ascii") as ring:
            ring.write(line)
            ring.flush()
            os.fsync(ring.fileno())
        self._secrets.update(_parse_ring(line, str(self._file)))
        return number

    def new_data_key(self) -> bytes:
        """A fresh 32-byte key for one run's spool."""
        return secrets.token_bytes(32)

    def seal(self, data_key: bytes, run_id: str) -> bytes:
        """Wrap a run's data key (AES-256-GCM, bound to the run) for the ledger. Dropping the result destroys the spool."""
        number, nonce = max(self._secrets), secrets.token_bytes(12)
        wrapped = self._wrapping(number).encrypt(nonce, data_key, _seal_context(run_id))
        return _SEALED + bytes([number]) + nonce + wrapped

    def unseal(self, sealed: bytes, run_id: str) -> bytes:
        """The run's data key again. Raises LedgerError when it was destroyed, is damaged, or belongs to another run."""
        if not sealed:
            raise LedgerError(
                f"The key of run {run_id} has been destroyed: its spool can no longer be read.",
                todo="That is final, and meant: everybody of it was decided, or its deadline had passed.",
                code="T790",
            )
        number = sealed[3] if len(sealed) > 16 and sealed.startswith(_SEALED) else 0
        if number not in self._secrets:
            raise _cannot_unseal(run_id)
        try:
            return self._wrapping(number).decrypt(sealed[4:16], sealed[16:], _seal_context(run_id))
        except InvalidTag as error:
            raise _cannot_unseal(run_id) from error

    def seal_secret(self, secret: bytes, owner: str) -> bytes:
        """Wrap a secret that is shared with another system (AES-256-GCM, bound to its *owner*) for the house's tables."""
        number, nonce = max(self._secrets), secrets.token_bytes(12)
        wrapped = self._wrapping(number, b"shared secrets").encrypt(nonce, secret, _secret_context(owner))
        return _SEALED + bytes([number]) + nonce + wrapped

    def unseal_secret(self, sealed: bytes, owner: str) -> bytes:
        """The secret again. Raises LedgerError when it is damaged, another owner's, or of a ring that is gone."""
        number = sealed[3] if len(sealed) > 16 and sealed.startswith(_SEALED) else 0
        try:
            wrapping = self._wrapping(number, b"shared secrets")
            return wrapping.decrypt(sealed[4:16], sealed[16:], _secret_context(owner))
        except (KeyError, InvalidTag) as error:
            raise LedgerError(
                f"The secret of {owner} cannot be unwrapped.",
                todo="Check that the instance secret is the one that was in force when it was made, or make a new one.",
                code="T791",
            ) from error

    def _wrapping(self, number: int, purpose: bytes = b"run keys") -> AESGCM:
        return AESGCM(_derive(self._secrets[number], purpose))

    def address_hash(self, compared: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104; 32 bytes) of an address in its form for comparison, as UTF-8."""
        return self.hash_addresses((compared,))[0]

    def hash_addresses(self, compared: Iterable[bytes]) -> list[bytes]:
        """HMAC-SHA256 of many addresses; about a microsecond each, because both key states are made once and copied."""
        inner, outer, hashes = self._inner.copy, self._outer.copy, []
        for address in compared:
            first = inner()
            first.update(address)
            second = outer()
            second.update(first.digest())
            hashes.append(second.digest())
        return hashes

    @property
    def suppression_fingerprint(self) -> str:
        """Eight hex digits that tell two suppression keys apart, safe to show and to store beside the list."""
        return _derive(self._suppression_key, b"fingerprint").hex()[:8]


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"twain/" + purpose).derive(secret)


def _seal_context(run_id: str) -> bytes:
    return b"twain/run\0" + run_id.encode("ascii")


def _secret_context(owner: str) -> bytes:
    return b"twain/secret\0" + owner.encode("utf-8")


def _cannot_unseal(run_id: str) -> LedgerError:
    return LedgerError(
        f"The key of run {run_id} cannot be unwrapped.",
        todo="Check that the instance secret is the one that was in force when the run began (old ones stay in the ring).",
        code="T791",
    )


def _hmac_states(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    return hashlib.sha256(bytes(b ^ 0x36 for b in block)), hashlib.sha256(bytes(b ^ 0x5C for b in block))


# ---------------------------------------------------------------- files and variables


def _new_ring_line(number: int = 1) -> str:
    return f"{number}:{base64.b64encode(secrets.token_bytes(32)).decode('ascii')}\n"


def _suppression_key(file: Path | None, env: Mapping[str, str]) -> bytes:
    if file is None:
        return _strong(env[SUPPRESSION_ENV].strip(), SUPPRESSION_ENV)
    return _strong(_read_or_make(file, lambda: secrets.token_hex(32) + "\n").strip(), str(file))


def _from_env(variable: str, env: Mapping[str, str]) -> str:
    if not env.get(variable):
        raise ConfigError(
            f"The instance secret should be in the environment variable {variable}, which is not set.",
            todo=f"Set {variable}, for example to the output of 'openssl rand -base64 32'.",
            code="T120",
        )
    return env[variable]


def _parse_ring(text: str, where: str) -> dict[int, bytes]:
    """``number:secret`` by line or comma; a single secret without a number is number 1."""
    entries = [entry.strip() for entry in text.replace(",", "\n").splitlines() if entry.strip()]
    ring: dict[int, bytes] = {}
    for entry in entries:
        number, colon, secret = entry.partition(":")
        if not colon:
            number, secret = "1", entry
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 255) or int(number) in ring:
            raise ConfigError(
                f"{where}: each secret needs its own number from 1 to 255 before the colon.",
                todo="Write 1:<secret>, 2:<secret>, ….",
                code="T122",
            )
        ring[int(number)] = _strong(secret.strip(), where)
    if not ring:
        raise ConfigError(f"{where} holds no secret.", todo="Delete it; a new one is made.", code="T120")
    return ring


def _strong(secret: str, where: str) -> bytes:
    """The secret's bytes; refuses what is short, repeats itself or is a well-known default. Never shows it."""
    lowered = secret.lower()
    if len(secret) < 32 or len(set(secret)) < 10 or any(word in lowered for word in _WELL_KNOWN):
        raise ConfigError(
            f"{where}: the secret is too short, too regular or a well-known default.",
            todo="Use at least 32 random characters, for example the output of 'openssl rand -base64 32'.",
            code="T121",
        )
    return _decoded(secret)


def _decoded(secret: str) -> bytes:
    """Hex or Base64 as the bytes they stand for when those are a whole key; anything else as it is written."""
    try:
        raw = bytes.fromhex(secret) if len(secret) == 64 else base64.b64decode(secret, validate=True)
    except (ValueError, binascii.Error):
        return secret.encode("utf-8")
    return raw if len(raw) >= 32 else secret.encode("utf-8")


def _read_or_make(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        make_private(file, make())
    return read_private(file)


def make_private(file: Path, text: str) -> None:
    """Write a new file 0600 that appears whole or not at all; when another process was first, its file stays."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        try:
            _link_once(draft, file)
        finally:
            draft.unlink()
    except OSError as error:
        raise _unreadable(file, error) from error


def _link_once(draft: Path, file: Path) -> None:
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return  # another process made it meanwhile: its secret counts
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_private(file: Path) -> str:
    """The text of a secret's file. Raises ConfigError when other users can read it, or we cannot."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise ConfigError(
                f"{file} can be read by other users of this machine.", todo=f"Run 'chmod 600 {file}'.", code="T123"
            )
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{file} cannot be read or made ({error.strerror}).",
        todo="Give Twain's user a folder it may write to, or put the secret into an environment variable.",
        code="T124",
    )
