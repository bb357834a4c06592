"""Topics in policy.toml: what IT and legal publish, refused where it says nothing."""

import pytest

from twain.errors import ConfigError
from twain.flows.policy import read_policy
from twain.flows.recipients import Published

GOOD = '[[topic]]\nname = "offers"\nbasis = "consent"\ntitle = { en = "Offers", de = "Angebote" }\n'


def policy(tmp_path, text):
    (tmp_path / "policy.toml").write_text(text)
    return read_policy(tmp_path)


def test_topics_are_read_in_their_order(tmp_path):
    more = '[[topic]]\nname = "birthday"\nbasis = "contract"\ntitle = "Birthdays"\none_click = "topic"\n'
    told = policy(tmp_path, f'[recipients]\nlanguage = "de"\nchannels.mail = "E-mail"\n{GOOD}{more}').recipients
    assert [(t.name, t.basis, t.one_click) for t in told.topics] == [
        ("offers", "consent", "channel"),
        ("birthday", "contract", "topic"),
    ]
    assert (told.language, told.channels["mail"]) == ("de", {"en": "E-mail"})
    assert told.topic("offers").titles["de"] == "Angebote"
    assert told.topic("other") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace('basis = "consent"', 'basis = "because"'), "no lawful basis"),
        (GOOD.replace('basis = "consent"\n', ""), "no lawful basis"),
        (GOOD.replace('"offers"', '"a:b"'), "is no name"),
        (GOOD.replace('"offers"', "7"), "is no name"),
        (GOOD + GOOD, "declared twice"),
        (GOOD + 'one_click = "all"', "one_click"),
        (GOOD + "colour = 1", "Unknown key"),
        (GOOD.replace('en = "Offers"', "en = 7"), "no text"),
        (GOOD.replace("en =", "xx ="), "no text"),
        (GOOD.replace('"Offers"', f'"{"x" * 301}"'), "no text"),
        ('[recipients]\nlanguage = "xx"', "none of ours"),
        ("[recipients]\nlogo = 1", "Unknown key"),
        ("[recipients]\nchannels.mail = 7", "no text"),
    ],
)
def test_a_topic_that_says_too_little_is_refused(tmp_path, text, says):
    with pytest.raises(ConfigError, match=says) as error:
        policy(tmp_path, text)
    assert error.value.shown_code == "T860"
    assert error.value.todo


def test_what_is_published_follows_the_file_and_survives_a_broken_one(tmp_path):
    published = Published(tmp_path, policy(tmp_path, GOOD))
    assert len(published.now().recipients.topics) == 1
    (tmp_path / "policy.toml").write_text("[[topic]\n")
    assert len(published.now().recipients.topics) == 1
    (tmp_path / "policy.toml").write_text("")
    assert published.now().recipients.topics == ()
