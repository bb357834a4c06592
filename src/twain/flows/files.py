"""Reading the workspace's files: only what truly lies where it seems to, and only text."""

from __future__ import annotations

from pathlib import Path

from twain.errors import ConfigError, Place

#: No file that people write is larger; in bytes.
MAX_SIZE = 8 << 20


def read_text(path: Path, folder: Path, place: Place | None = None) -> str:
    """The text of *path*, which must lie in *folder* once every link is followed.

    A link that leads elsewhere could carry a secret into a message. Raises ConfigError T112 for that, for what is no file,
    not UTF-8, or larger than ``MAX_SIZE``.
    """
    place = place or Place(f"{folder.name}/{path.name}")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise _unreadable(f"It is a link that leads out of {folder.name}/.", place)
    if not path.is_file() or path.stat().st_size > MAX_SIZE:
        raise _unreadable("It is not a file, or too large to be one of a workspace.", place)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable("It is not UTF-8 text.", place) from error
    except OSError as error:
        raise _unreadable(f"It cannot be read: {error.strerror}.", place) from error


def _unreadable(what: str, place: Place) -> ConfigError:
    return ConfigError(what, place=place, todo="Put the file itself there, as UTF-8 text.", code="T112")
