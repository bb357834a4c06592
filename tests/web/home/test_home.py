import pytest

from twain_web.roles import Role
from twain_web.rooms.people.models import Team


@pytest.fixture
def goals(db):
    Team.objects.create(name="CRM", side="marketing", goals=[{"text": "Half as many mails, twice as wanted"}])
    Team.objects.create(name="Data", side="it", goals=[{"text": "No send on stale prices"}])


@pytest.mark.parametrize("role", Role)
def test_everybody_has_a_home_with_both_teams_goals(signed_in, company, goals, role, django_assert_max_num_queries):
    client = signed_in(role)
    client.get("/")
    with django_assert_max_num_queries(25):
        page = client.get("/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Half as many mails, twice as wanted" in text
    assert "No send on stale prices" in text


@pytest.mark.parametrize(
    ("role", "action"),
    [(Role.MARKETER, "New campaign"), (Role.DATA_OWNER, "btn btn-primary"), (Role.AUDITOR, None)],
)
def test_the_one_primary_action_is_for_the_reader(signed_in, company, role, action):
    text = signed_in(role).get("/").content.decode()
    assert text.count("btn-primary") == (1 if action else 0)
    assert action is None or action in text


def test_nothing_waiting_is_said(signed_in, company):
    assert "Nothing waits for you" in signed_in(Role.DATA_OWNER).get("/").content.decode()


def test_goals_are_words_not_markup(signed_in, company, db):
    Team.objects.create(name="<b>x</b>", side="it", goals=[{"text": "<script>alert(1)</script>"}])
    text = signed_in(Role.MARKETER).get("/").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
