"""SPF: the examples of RFC 7208's appendix A, its limits, and records that are broken."""

import ipaddress

import pytest

from twain.delivery.domains.spf import Broken, Evaluation, ending, needed, records

ZONE = {
    ("example.com", "MX"): ("10 mail-a.example.com.", "20 mail-b.example.com."),
    ("example.com", "A"): ("192.0.2.10", "192.0.2.11"),
    ("mail-a.example.com.", "A"): ("192.0.2.129",),
    ("mail-b.example.com.", "A"): ("192.0.2.130",),
    ("example.org", "MX"): ("10 mail-c.example.org.",),
    ("mail-c.example.org.", "A"): ("192.0.2.140",),
    ("example.net", "TXT"): ("v=spf1 ip6:2001:db8::/32 -all", "other"),
    ("loop.example.com", "TXT"): ("v=spf1 include:loop.example.com -all",),
    ("two.example.com", "TXT"): ("v=spf1 -all", "v=spf1 +all"),
}


def lookup(name, kind):
    return ZONE.get((name, kind), ())


def check(record, address):
    return Evaluation(ipaddress.ip_address(address), lookup).check(record, "example.com")


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 +all", "192.0.2.129", "pass"),
        ("v=spf1 a -all", "192.0.2.10", "pass"),
        ("v=spf1 a -all", "192.0.2.12", "fail"),
        ("v=spf1 a:example.org -all", "192.0.2.10", "fail"),
        ("v=spf1 mx -all", "192.0.2.129", "pass"),
        ("v=spf1 mx:example.org -all", "192.0.2.140", "pass"),
        ("v=spf1 mx mx:example.org -all", "192.0.2.130", "pass"),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", "pass"),
        ("v=spf1 mx/30 -all", "192.0.2.132", "fail"),
        ("v=spf1 ptr -all", "192.0.2.10", "fail"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", "pass"),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail"),
        ("v=spf1 ip4:192.0.2.128/28 ~all", "2001:db8::1", "softfail"),
        ("v=spf1 include:example.net ?all", "2001:db8::1", "pass"),
        ("v=spf1 include:example.net ?all", "2001:db9::1", "neutral"),
        ("v=spf1 redirect=example.net", "2001:db8::1", "pass"),
        ("v=spf1 redirect=example.net", "192.0.2.1", "fail"),
        ("v=spf1 -include:example.net +all", "2001:db8::1", "fail"),
        ("V=SPF1 IP4:192.0.2.1 -ALL", "192.0.2.1", "pass"),
        ("v=spf1 exp=why.example.com exists:%{i}.example.com -all", "192.0.2.1", "fail"),
        ("v=spf1 a/24//64 -all", "192.0.2.200", "pass"),
        ("v=spf1", "192.0.2.1", "neutral"),
    ],
)
def test_what_it_says_of_an_address(record, address, result):
    assert check(record, address) == result


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("v=spf1 " + " ".join(f"a:h{n}.example.com" for n in range(11)) + " -all", "more than 10 look-ups"),
        ("v=spf1 include:loop.example.com -all", "more than 10 look-ups"),
        ("v=spf1 include:nobody.example.com -all", "no SPF record"),
        ("v=spf1 include:two.example.com -all", "2 SPF records"),
        ("v=spf1 ip4:1.2.3 -all", "no address"),
        ("v=spf1 ip4:2001:db8::1 -all", "no ip4 address"),
        ("v=spf1 ip6:192.0.2.1 -all", "no ip6 address"),
        ("v=spf1 include -all", "lacks"),
        ("v=spf1 everybody -all", "means nothing"),
        ("v=spf1 all:x! ,", "means nothing"),
    ],
)
def test_a_broken_record_says_why(record, says):
    with pytest.raises(Broken, match=says):
        check(record, "198.51.100.1")


def test_which_texts_are_spf_and_how_they_end():
    assert records(("v=spf1", "v=spf10 -all", "V=SPF1 -all", "x v=spf1")) == ("v=spf1", "V=SPF1 -all")
    endings = {"v=spf1 -all": "-", "v=spf1 ~ALL": "~", "v=spf1 all": "+", "v=spf1 redirect=x": "=", "v=spf1 mx": ""}
    assert {record: ending(record) for record in endings} == endings


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (("v=spf1 ip4:192.0.2.1 -all",), 0),
        (("other", "v=spf1 mx a:example.org include:example.net -all"), 3),
        (("v=spf1 redirect=example.net",), 1),
        (("v=spf1 a -all include:example.net",), 1),
        (("v=spf1 " + " ".join(f"a:h{n}.example.com" for n in range(10)) + " -all",), 10),
        (("v=spf1 include:loop.example.com -all",), 11),
        (("v=spf1 include:two.example.com -all",), None),
        (("v=spf1 -all", "v=spf1 +all"), None),
        ((), None),
    ],
)
def test_how_many_look_ups_a_record_needs(texts, number):
    here = {("example.com", "TXT"): texts}
    assert needed("example.com", lambda name, kind: here.get((name, kind)) or lookup(name, kind)) == number
