"""API tokens: shown once, kept as a hash, narrowed by scopes, over when they are over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from twain.errors import ConfigError
from twain_web.roles import Role
from twain_web.rooms.people.models import ApiToken, AuditRow
from twain_web.rooms.people.public import make_token, recognise, revoke_token, scopes, tokens_of


@pytest.fixture
def lena(somebody):
    return somebody(Role.MARKETER)


def made_for(person, *wanted, days=30, **more):
    return make_token(by=person, name="nightly report", wanted=wanted or ["audiences:read"], days=days, **more)


def test_a_token_is_recognised_and_says_whose_it_is(lena):
    made = made_for(lena, "audiences:read", "content:read")
    bearer = recognise(made.secret)
    assert bearer is not None
    assert bearer.person == lena
    assert bearer.scopes == {"audiences:read", "content:read"}
    assert tokens_of(lena)[0].last_used_at is not None


def test_its_words_are_kept_nowhere(lena):
    made = made_for(lena)
    secret = made.secret.rpartition("_")[2]
    kept = [*ApiToken.objects.values_list(), *AuditRow.objects.values_list()]
    assert made.secret not in repr(kept)
    assert secret not in repr(kept)
    assert secret not in repr(made)
    assert AuditRow.objects.filter(verb="token made", thing=f"token:{made.card.prefix}").exists()


@pytest.mark.parametrize("change", ["expired", "revoked", "inactive", "another secret", "another prefix", "nonsense"])
def test_what_is_over_or_wrong_opens_nothing(lena, change):
    made = made_for(lena)
    words = made.secret
    if change == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif change == "revoked":
        assert revoke_token(by=lena, prefix=made.card.prefix).state == "revoked"
    elif change == "inactive":
        type(lena).objects.filter(pk=lena.pk).update(is_active=False)
    elif change == "another secret":
        words = words[:-1] + ("A" if words[-1] != "A" else "B")
    elif change == "another prefix":
        words = words.replace(made.card.prefix, "zzzzzzzz")
    else:
        words = "Bearer \x00 twain_"
    assert recognise(words) is None


def test_nobody_ends_the_token_of_somebody_else(lena, somebody):
    made = made_for(lena)
    with pytest.raises(ConfigError, match="You have no token"):
        revoke_token(by=somebody(Role.ADMINISTRATOR), prefix=made.card.prefix)
    assert recognise(made.secret) is not None


def test_a_token_made_by_a_token_may_not_more_and_lasts_no_longer(lena):
    narrow = recognise(made_for(lena, "people:write", days=3).secret)
    assert made_for(lena, "people:write", days=2, within=narrow)
    for wanted, days in (("audiences:read", 2), ("people:write", 4)):
        with pytest.raises(ConfigError, match="cannot make one"):
            made_for(lena, wanted, days=days, within=narrow)


@pytest.mark.parametrize(
    ("wanted", "days", "name"),
    [([], 3, "x"), (["everything"], 3, "x"), (["people:read"], 0, "x"), (["people:read"], 9999, "x"),
     (["people:read"], 3, " "), (["people:read"], 3, "a\nb"), (["people:read"], 3, "x" * 81)],
)  # fmt: skip
def test_nonsense_is_refused_in_words(lena, wanted, days, name):
    with pytest.raises(ConfigError) as refused:
        make_token(by=lena, name=name, wanted=wanted, days=days)
    assert refused.value.todo


def test_there_is_an_end_to_how_many(lena):
    for _ in range(20):
        made_for(lena)
    with pytest.raises(ConfigError, match="20 tokens already"):
        made_for(lena)


def test_every_room_has_both_scopes():
    assert {"audiences:read", "audiences:write", "campaigns:write", "insights:read"} <= set(scopes())
