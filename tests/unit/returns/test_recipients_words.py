"""Every language has every word, with the same names in it."""

import re

import pytest

from twain.returns.facts import BASES
from twain.returns.words import day, known, language, languages, words

NAMES = re.compile(r"\{(\w+)\}")


def test_at_least_four_languages_are_there():
    assert {"en", "de", "fr", "es"} <= set(languages())


@pytest.mark.parametrize("tongue", languages())
def test_no_word_is_missing_and_none_is_too_many(tongue):
    english, theirs = words("en"), words(tongue)
    assert list(theirs) == list(english)
    for key, text in english.items():
        if key == "months":
            assert len(set(theirs[key])) == 12
        else:
            assert theirs[key].strip()
            assert set(NAMES.findall(theirs[key])) == set(NAMES.findall(text)), key
    assert all(f"basis_{basis}" in theirs for basis in BASES)


def test_no_language_was_forgotten_in_english():
    same = {
        k
        for k, v in words("en").items()
        if isinstance(v, str) and any(words(t)[k] == v for t in languages() if t != "en")
    }
    assert same <= {"date"}


def test_days_are_written_as_people_write_them():
    moment = 1_767_308_400.0  # 1 January 2026, 23:00 UTC
    assert day("en", moment, "UTC") == "1 January 2026"
    assert day("de", moment, "Europe/Berlin") == "2. Januar 2026"
    assert day("es", moment, "UTC") == "1 de enero de 2026"


def test_tags_of_languages():
    assert [known(tag) for tag in ("de-CH", "DE", "fr_FR", "xx", "", "e" * 999)] == ["de", "de", "fr", "", "", ""]
    assert language("ja,xx", "fr") == "fr"
    assert language("", "xx") == "en"
