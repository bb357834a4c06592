"""Template injection, environment leaks and template bombs (X1, X2), tried for real."""

import json
import resource
import subprocess
import sys
from typing import Any

import pytest

from tests.unit.content.mails import ROW, program, stamp
from twain.content.program import preview
from twain.errors import ContentError

PAYLOADS = (
    "{{7*7}}",
    "{% include 'x' %}",
    "{{ first_name.__class__.__mro__ }}",
    "{%raw%}",
    "tw0q0z",
    "<!--tw0q1z-->",
    "K0",
    "${7*7}",
)
LONG = "{% for i in (1..16) %}{% assign x = x | append: x %}{% endfor %}"
BOMBS: dict[str, str] = {
    "range": '{{ (1..20000000) | join: "x" }}',
    "range from data": '{% assign n = "99999999999" %}{{ (1..n) | join: "x" }}',
    "range of text": '{{ (1.."20000000") | size }}',
    "nested loops": "{% for a in (1..9999) %}{% for b in (1..9999) %}{% for c in (1..9999) %}x" + "{% endfor %}" * 3,
    "doubling": '{% assign x = "aaaaaaaaaa" %}{% for i in (1..60) %}{% assign x = x | append: x %}{% endfor %}{{ x }}',
    "doubling by capture": "{% assign x = 'aa' %}{% for i in (1..60) %}{% capture x %}{{ x }}{{ x }}{% endcapture %}{% endfor %}",
    "squaring": "{% assign x = 99 %}{% for i in (1..60) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
    "replace": "{% assign x = 'a' %}{% for i in (1..30) %}{% assign x = x | replace: 'a', 'aaaaaaaaaaaaaaaaaaaa' %}{% endfor %}",
    "replace nothing": "{% assign x = 'aaaaaaaa' %}{% for i in (1..30) %}{% assign x = x | replace: '', x %}{% endfor %}",
    "split and join": '{% assign x = "ab" %}{% for i in (1..40) %}{% assign x = x | split: "" | join: x %}{% endfor %}',
    "concat": "{% assign x = (1..5000) | compact %}{% for i in (1..60) %}{% assign x = x | concat: x %}{% endfor %}",
    "date width": "{{ 'now' | date: '%999999999Y' }}",
    "date width from data": "{% assign f = '%999999999Y' %}{{ 'now' | date: f }}",
    "big output": "{% for i in (1..9999) %}" + "x" * 20_000 + "{% endfor %}",
    "many upcases": "{% assign x = 'a' %}{% for i in (1..17) %}{% assign x = x | append: x %}{% endfor %}"
    "{% for i in (1..9999) %}{% assign y = x | upcase | downcase | capitalize | strip %}{% endfor %}",
    "uniq": "{% assign x = (1..9999) | uniq %}{{ x }}",
    "sort": "{% for i in (1..9999) %}{% assign x = (1..999) | reverse | sort | reverse | sort %}{% endfor %}",
    "deep ifs": "{% if gold %}" * 5_000 + "{% endif %}" * 5_000,
    "deep loops": "{% for a in (1..2) %}" * 25 + "x" + "{% endfor %}" * 25,
    "long condition": "{% if gold " + "and gold " * 900 + "%}x{% endif %}",
    "many filters": "{{ city " + "| upcase " * 400 + "}}",
    "unclosed outputs": "{{" * 200_000,
    "unclosed tags": "{% " * 150_000,
    "blank run": "{{" + " " * 400_000 + "}}",
    "raw run": "{% raw %}" * 50_000,
    "comment run": "{% comment %}" * 30_000,
    "deep markup": "<div>" * 50_000,
    "unclosed markup": '<a "' * 100_000,
    "unclosed comments": "<!--" * 100_000,
    "huge": "x" * 5_000_000,
    "long date": "{% assign x = '1' %}" + LONG + "{{ x | date: '%Y' }}",
    "long number": "{% assign x = '9' %}" + LONG + "{{ x | times: x | times: 1 }}",
    "tags in text": "{% assign x = '<' %}" + LONG + "{{ x | append: '>' | strip_html }}",
}
CHILD = """
import json, re, sys, time
from pathlib import Path
from tests.unit.content.mails import ROW, program, stamp
from twain.content.program import preview
from twain.errors import ContentError
preview(program("<p>{{ city }}</p>"), ROW, stamp())
for name, source, markup in json.load(sys.stdin):
    begun = time.process_time()
    try:
        preview(program(source, markup=markup), ROW, stamp())
        said = "built"
    except ContentError as error:
        said = error.shown_code
    print(json.dumps([name, said, time.process_time() - begun]), flush=True)
worked = preview(program("<p>{{ city }}</p>"), ROW, stamp()).text
# Not ru_maxrss: that one starts at what the parent had when it forked.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps(["still works", worked, peak]))
"""


@pytest.mark.parametrize("payload", PAYLOADS)
def test_data_that_looks_like_a_template_arrives_as_it_is(payload: str) -> None:
    body = "<style>p{margin:0}</style><p>{{ first_name }}|{% for o in orders %}{{ o.title }}{% endfor %}</p>"
    orders = json.dumps([{"title": payload}])
    shown = preview(program(body, subject="{{ first_name }}"), ROW | {"first_name": payload, "orders": orders}, stamp())
    assert shown.text == f"{payload}|{payload}\n"
    assert shown.subject == payload
    assert "<!--" not in shown.html.split("<p")[1]


@pytest.mark.parametrize(
    "source",
    [
        "{{ env }}",
        "{{ settings }}",
        "{{ first_name.__class__ }}",
        "{{ orders.__init__.__globals__ }}",
        "{{ _token }}",
        "{{ K0 }}",
        "{{ meter }}",
        "{{ orders | map: '__class__' | first | upcase }}{{ self }}",
        "{{ page | _link }}",
        "{{ item }}{{ [item] }}",
        "{{ now }}",
    ],
)
def test_nothing_but_the_rows_data_can_be_named(source: str) -> None:
    with pytest.raises(ContentError):
        program(source)


def test_an_attribute_reached_through_an_item_is_nothing() -> None:
    pair = "[{{ pair.__class__ }}{{ pair[0].__class__ }}{{ pair.count }}]"
    body = "{% for o in orders %}{% for pair in o %}" + pair + "{% endfor %}{% endfor %}"
    shown = preview(program(body), ROW | {"orders": '[{"title": "x"}]'}, stamp())
    assert shown.html == "[]\n"


def test_bombs_end_quickly_in_little_memory_and_the_worker_lives() -> None:
    bombs = [(name, source, "html") for name, source in BOMBS.items()]
    bombs += [("deep mjml", "<mjml><mj-body>" + "<mj-section>" * 20_000, "mjml")]
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps(bombs),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)),
    )
    said: list[Any] = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr[-2_000:]
    assert len(said) == len(bombs) + 1
    assert [(name, took) for name, _, took in said[:-1] if took > 2.0] == []
    assert {code for _, code, _ in said[:-1]} <= {"built", "T501", "T502", "T510", "T520", "T521"}
    assert said[-1][1] == "Łódź\n"
    assert said[-1][2] < 256
