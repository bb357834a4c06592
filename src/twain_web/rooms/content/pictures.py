"""Uploads: a file is a picture only if it can be decoded as one, and what is kept is what we encoded anew.

So there is no SVG and no XML, no script behind a picture's name, no place and camera of whoever took it, and no bomb: sizes
are read from the header and bounded before a single pixel is decoded. Pictures are uploaded, never fetched from an address.
"""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from twain.errors import ContentError

LARGEST_FILE = 8 << 20
_MOST_PIXELS = 24_000_000
_LONGEST_SIDE = 12_000
_MOST_FRAMES = 120
_MOST_FRAME_PIXELS = 40_000_000
_WIDEST_KEPT = 1_200  # twice a message's width: sharp on every screen
_SUFFIXES = {"PNG": ("png",), "JPEG": ("jpg", "jpeg"), "GIF": ("gif",), "WEBP": ("webp",)}
_KNOWN = {suffix for suffixes in _SUFFIXES.values() for suffix in suffixes}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, encoded anew. *suffix* is png, jpg or gif."""

    data: bytes
    suffix: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """The name under which it is kept."""
        return hashlib.sha256(self.data).hexdigest()


def read_picture(data: bytes, name: str) -> Picture:
    """Decode an upload and encode it anew. Raises ContentError, saying why it is refused."""
    if len(data) > LARGEST_FILE:
        raise _refused(f"The file is larger than {LARGEST_FILE >> 20} MB.", "Make it smaller, then upload it again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _encoded(_opened(data, name))
    except (UnidentifiedImageError, Image.DecompressionBombError, Warning, OSError, ValueError, SyntaxError) as error:
        raise _refused("This file is no picture that we can read.", "Upload a PNG, JPEG, GIF or WebP.") from error


def _opened(data: bytes, name: str) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=tuple(_SUFFIXES))
    width, height = image.size
    if width * height > _MOST_PIXELS or max(width, height) > _LONGEST_SIDE:
        raise _refused(f"The picture has {width} × {height} points.", "Make it smaller: 1200 points wide are enough.")
    suffix = name.rpartition(".")[2].lower()
    kind = str(image.format)
    if suffix not in _SUFFIXES[kind]:
        said = f"named .{suffix[:8]}" if suffix in _KNOWN else "not named as a picture"
        raise _refused(f"The file is {said}, but it is {kind}.", f"Save it as .{_SUFFIXES[kind][0]}.")
    return image


def _encoded(image: Image.Image) -> Picture:
    if image.format == "GIF" and getattr(image, "is_animated", False):
        return _animated(image)
    kept = ImageOps.exif_transpose(image)
    kept = kept.convert("RGBA" if kept.has_transparency_data else "RGB")
    kept.thumbnail((_WIDEST_KEPT, _LONGEST_SIDE))
    out = io.BytesIO()
    photograph = image.format in ("JPEG", "WEBP") and kept.mode == "RGB"
    if photograph:
        kept.save(out, "JPEG", quality=86, optimize=True, progressive=True)
    else:
        kept.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), "jpg" if photograph else "png", *kept.size)


def _animated(image: Image.Image) -> Picture:
    frames: list[Image.Image] = []
    times: list[int] = []
    for frame in ImageSequence.Iterator(image):
        if len(frames) >= _MOST_FRAMES or (len(frames) + 1) * image.width * image.height > _MOST_FRAME_PIXELS:
            raise _refused(
                "The animation is too long.", f"At most {_MOST_FRAMES} frames, and fewer when they are large."
            )
        shown = frame.convert("RGBA")
        shown.thumbnail((_WIDEST_KEPT // 2, _LONGEST_SIDE))
        frames.append(shown)
        times.append(int(frame.info.get("duration", 100)))
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, disposal=2)
    return Picture(out.getvalue(), "gif", *frames[0].size)


def _refused(what: str, todo: str) -> ContentError:
    return ContentError(what, todo=todo, business=what)


def folder() -> Path:
    """Where pictures lie."""
    return Path(settings.MEDIA_ROOT) / "content"


def keep(picture: Picture) -> None:
    """Write the file, whole or not at all."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{picture.sha256}.{picture.suffix}"
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(picture.data)
    part.replace(path)
