"""Where a relay's token comes from, instead of a password: the environment, a file, a command, or the provider's token endpoint.

::

    auth = "auto"                             # OAUTHBEARER (RFC 7628) or XOAUTH2, whichever the relay offers
    username = "news@example.com"
    token_env = "TWAIN_MAIL_TOKEN"            # one of these four
    token_file = "/run/secrets/mail-token"    # read again when the relay refuses what it held
    token_command_env = "TWAIN_TOKEN_COMMAND" # prints a token; run without a shell. The command never stands in the workspace
    token_url = "https://oauth2.googleapis.com/token"   # and client_id, client_secret_env, refresh_token_env, scope
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twain.errors import ChannelUnavailable, ConfigError, Place
from twain.oauth import KEYS as OAUTH_KEYS
from twain.oauth import Tokens, access_token, is_token, oauthbearer, read_oauth, xoauth2

_PLACES = ("token", "token_file", "token_command")
KEYS = frozenset({*_PLACES, *OAUTH_KEYS})
METHODS = ("oauthbearer", "xoauth2")
_SECONDS = 30.0
_MOST_READ = 16_384


def open_tokens(raw: Mapping[str, Any], where: str, ca_file: str | None) -> Tokens | None:
    """What the options of a channel say about tokens; None when it is nothing. Nothing is fetched yet. Raises ConfigError."""
    said = [key for key in _PLACES if raw.get(key)] + (["token_url"] if OAUTH_KEYS & set(raw) else [])
    if not said:
        return None
    if len(said) > 1:
        raise _wrong(where, f"names two places for a token, {said[0]} and {said[1]}", "Keep one of them.")
    oauth = read_oauth(raw, where)
    if oauth is not None:
        return Tokens(lambda: access_token(oauth, timeout=_SECONDS, ca_file=ca_file or ""))
    value = str(raw[said[0]])
    sources: Mapping[str, Callable[[], str]] = {
        "token": lambda: value,
        "token_file": lambda: _from_file(where, Path(value)),
        "token_command": lambda: _from_command(where, value),
    }
    return Tokens(lambda: _checked(where, sources[said[0]]()))


def initial(method: str, username: str, token: str, host: str, port: int) -> bytes:
    """What the client says first, before Base64."""
    return xoauth2(username, token) if method == "xoauth2" else oauthbearer(username, token, host, port)


def _from_file(where: str, path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_MOST_READ).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no token"
        raise _missing(f"{where}.token_file: {path} cannot be read ({why})") from error


def _from_command(where: str, command: str) -> str:
    """Its first output is the token. What it says on the way is not shown: it may be about a secret."""
    try:
        done = subprocess.run(  # noqa: S603 — a command of IT's own, from the environment, without a shell
            shlex.split(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise _missing(f"{where}.token_command: it cannot be run ({type(error).__name__})") from error
    if done.returncode:
        raise _missing(f"{where}.token_command: it ended with {done.returncode}")
    return done.stdout[:_MOST_READ].decode("ascii", "replace").strip()


def _checked(where: str, token: str) -> str:
    if not is_token(token):
        raise _missing(f"{where}: what should be a token is none ({len(token)} characters)")
    return token


def _missing(what: str) -> ChannelUnavailable:
    return ChannelUnavailable(
        f"There is no token for the relay. {what}.",
        todo="Look there; delivery goes on when there is a token. twain channel test <name> tries it.",
        code="T938",
    )


def _wrong(where: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"{where} {what}.", place=Place("twain.toml"), todo=todo)
