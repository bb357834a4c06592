import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.returns.agents import Judge, client_of, rules
from twain.returns.events import Event

TABLE = rules().agents
SENT, AT = 1_000_000.0, 1_003_600.0
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

AGENTS = [
    ("Mozilla/5.0", "apple privacy proxy", "apple-privacy"),
    ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "gmail proxy", ""),
    ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "yahoo proxy", ""),
    ("Barracuda Sentinel (EE)", "security gateway", "gateway"),
    ("Mozilla/5.0 (compatible; Proofpoint URL Defense)", "security gateway", "gateway"),
    ("Mimecast Web Security", "security gateway", "gateway"),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
        "link preview",
        "preview",
    ),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "link preview", "preview"),
    ("facebookexternalhit/1.1", "link preview", "preview"),
    ("python-requests/2.32.3", "program", "program"),
    ("curl/8.5.0", "program", "program"),
    ("Go-http-client/2.0", "program", "program"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36", "program", "program"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "program", "program"),
    ("", "unknown", "no-agent"),
    ("   ", "unknown", "no-agent"),
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "phone", ""),
    ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36", "phone", ""),
    ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15", "tablet", ""),
    ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", "mail program", ""),
    (FIREFOX, "computer", ""),
    ("Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Mobile Safari/537.36", "phone", ""),
    ("something nobody knows", "other", ""),
]


@pytest.mark.parametrize(("agent", "client", "why"), AGENTS)
def test_programs_are_told_by_what_they_say(agent, client, why):
    assert client_of(agent, TABLE).client == client
    event = Event("r1", 0, 1, "open", AT, agent=agent)
    assert Judge([event]).judge(event, SENT) == (bool(why), why, client)


def test_every_pattern_of_the_table_can_be_met():
    """One that is hidden behind an earlier one says nothing."""
    for one in TABLE:
        for part in one.holds:
            assert client_of(f"x {part} x", TABLE).client == one.client, part


def click(at, link=0, row=1, kind="click", **more):
    return Event("r1", 0, row, kind, at, link, FIREFOX, **more)


def why(*events, sent=SENT):
    judge = Judge(events)
    return [judge.judge(event, sent).why for event in events]


def test_a_click_or_an_open_within_seconds_of_delivery_is_no_persons():
    assert why(click(SENT + 9), click(SENT + 11, row=2)) == ["too-soon", ""]
    assert why(click(SENT + 2, kind="open"), click(SENT + 4, kind="open", row=2)) == ["too-soon", ""]
    assert why(click(SENT - 5)) == ["too-soon"]  # before the relay's answer: whoever has it reads along
    assert why(click(SENT + 9), sent=None) == [""]


def test_several_links_at_once_are_a_scanners():
    assert why(*(click(AT + n, link=n) for n in range(3))) == ["burst"] * 3
    assert why(click(AT, 0), click(AT + 0.4, 1)) == ["burst"] * 2
    assert why(click(AT, 0), click(AT + 3, 1)) == ["", ""]
    assert why(click(AT, 0), click(AT + 0.4, 0)) == ["", ""]  # a double click is a person's
    assert why(*(click(AT, link, row=link) for link in range(5))) == [""] * 5  # five people


def test_the_link_that_nobody_can_see_tells_on_all_around_it():
    found = why(click(AT), click(AT + 50, -1, kind="canary"), click(AT + 100, 1), click(AT + 200, 2), click(AT, row=2))
    assert found == ["canary", "canary", "canary", "", ""]


def test_prefetching_browsers_say_so():
    assert why(click(AT, signs="prefetch")) == ["prefetch"]


def test_an_unsubscription_is_never_doubted():
    """It is a POST with a word of its own (RFC 8058); whom it is obeyed for is not decided here."""
    event = Event("r1", 0, 1, "unsubscribe", SENT + 1, agent="")
    assert Judge([event, click(SENT + 1, kind="canary")]).judge(event, SENT).machine is False


EVENTS = st.builds(
    Event,
    st.just("r1"), st.just(0), st.integers(0, 2), st.sampled_from(["click", "open", "canary", "view"]),
    st.floats(AT, AT + 90, allow_nan=False), st.integers(0, 3), st.sampled_from([FIREFOX, "", "curl/8"]),
    st.just(""), st.just(""),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=30), st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_known_does_not_matter(events, random):
    shuffled = random.sample(events, len(events))
    one, other = Judge(events), Judge(shuffled)
    assert [one.judge(e, SENT) for e in events] == [other.judge(e, SENT) for e in events]


@given(st.lists(EVENTS, max_size=20), EVENTS)
def test_more_evidence_never_clears_a_machine(events, more):
    before, after = Judge(events), Judge([*events, more])
    assert all(after.judge(e, SENT).machine for e in events if before.judge(e, SENT).machine)


@given(st.lists(EVENTS, max_size=12))
def test_a_burst_is_what_a_plain_reading_of_the_rule_says(events):
    seconds = rules().seconds
    judge = Judge(events)
    for event in (e for e in events if e.kind == "click" and e.agent == FIREFOX):
        if judge.judge(event, SENT).why in ("canary", "too-soon"):
            continue
        clicks = [e for e in events if e.kind == "click" and e[:3] == event[:3]]
        burst = any(
            len({e.link for e in clicks if begin.at <= e.at <= begin.at + span}) >= least
            for span, least in ((seconds["pair"], 2), (seconds["burst"], seconds["burst_links"]))
            for begin in clicks
            if begin.at <= event.at <= begin.at + span
        )
        assert judge.judge(event, SENT).why == ("burst" if burst else "")


def test_a_hammered_link_costs_little():
    """X18: nobody makes the collector count for hours by following one link again and again."""
    events = [click(AT + n / 1000, n % 4) for n in range(20_000)]
    assert set(why(*events)) == {"burst"}


@pytest.mark.parametrize("agent", ["x" * 200, "bot" * 66, "(" * 200, "\x00\r\n\u2028" * 50])
def test_odd_agents_are_just_others(agent):
    assert client_of(agent, TABLE).client == "other"
