"""What recipients read, in every language we have: one file ``words.<language>.toml`` each, with the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

FALLBACK = "en"


@cache
def languages() -> tuple[str, ...]:
    """The languages there is a file for, as ISO 639-1 codes, sorted."""
    names = (file.name for file in resources.files("twain.returns").iterdir())
    return tuple(sorted(n[6:-5] for n in names if n.startswith("words.") and n.endswith(".toml")))


@cache
def words(tongue: str) -> Mapping[str, Any]:
    """All words of one of our languages; English ones for any other."""
    name = f"words.{tongue if tongue in languages() else FALLBACK}.toml"
    return tomllib.loads(resources.files("twain.returns").joinpath(name).read_text(encoding="utf-8"))


def known(tag: str) -> str:
    """The language of a tag like ``de-CH`` (BCP 47) when we have words in it; else nothing."""
    wanted = tag.strip().lower().replace("_", "-").partition("-")[0]
    return wanted if wanted in languages() else ""


def language(accepted: str, otherwise: str = FALLBACK) -> str:
    """The first language of an Accept-Language header that we have words in; else *otherwise*."""
    for item in accepted[:200].split(","):
        found = known(item.partition(";")[0])
        if found:
            return found
    return known(otherwise) or FALLBACK


def day(tongue: str, at: float, zone: str) -> str:
    """The day of a moment (epoch seconds) in a time zone, as people of this language write it."""
    said, moment = words(tongue), datetime.fromtimestamp(at, ZoneInfo(zone))
    shown: str = said["date"].format(day=moment.day, month=said["months"][moment.month - 1], year=moment.year)
    return shown
