"""What is tried against contents: templates in words (X1), scripts (X4), forged requests (X7), other people's roles (X9),
traversal and spoofed files (X10), bombs (X16), SVG and XML (X17)."""

import io
import json
import struct
import zlib

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse
from PIL import Image

from twain.errors import ContentError
from twain_web.roles import Role
from twain_web.rooms.content import actions, pictures
from twain_web.rooms.content.models import Comment, Content, Media, ProofPerson

SCRIPTS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</title><script>alert(1)</script>",
    "'-alert(1)-'",
    "{{7*7}}", "{% include 'x' %}", "</script><!--", "</textarea><svg onload=alert(1)>",
)  # fmt: skip
BACK = "/content/frost/"


@pytest.fixture
def client(signed_in):
    return signed_in(Role.MARKETER, username="writer")


@pytest.fixture(autouse=True)
def _media_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "media")


def png(width=40, height=30, colour="red", **options):
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, options.pop("format", "PNG"), **options)
    return out.getvalue()


def upload(client, data, name, kind="image/png", **more):
    file = SimpleUploadedFile(name, data, content_type=kind)
    return client.post("/content/media/upload/", {"file": file, **more}, headers={"Accept": "application/json"})


def by_hand(body):
    return {"subject": "x", "preheader": "", "body": body, "text": "", "related": [], "defaults": {}}


# ---- X1, X4: what people write is shown as it is


@pytest.mark.parametrize("text", SCRIPTS)
def test_names_subjects_remarks_and_notes_are_never_markup(client, writer, brand, document, text):
    document["message"]["subject"] = [{"text": text}]
    document["message"]["blocks"][0]["line"] = [{"text": text}]
    content = actions.make_content(by=writer, name=text, feed="customers", brand=brand, folder=text)
    actions.save_draft(by=writer, content=content, document=document, revision=0)
    actions.save_version(by=writer, content=content, note=text)
    actions.add_comment(by=writer, content=content, text=text)
    actions.keep_reusable(by=writer, name=text, blocks=[{"id": "x", "type": "divider"}])
    ProofPerson.objects.create(name=text, address="x@example.com")
    start = f"/content/{content.slug}/"
    own = [start, *(f"{start}{page}/" for page in ("versions", "versions/1", "comments", "settings", "test"))]
    for url in (
        *own,
        "/content/",
        "/content/reusable/",
        "/content/proof-list/",
        "/content/brands/",
        f"/content/?q={text}",
    ):
        page = client.get(url)
        assert page.status_code == 200, url
        assert_nothing_of(text, page.content.decode())


def assert_nothing_of(text, page):
    """The text is there escaped, or inside JSON whose markup characters are escaped; never as it is."""
    if "<" in text:
        assert text not in page
    assert "onerror=alert(1)>" not in page
    assert ">49<" not in page


def test_an_editors_data_cannot_end_its_script_element(client, writer, content, document):
    document["message"]["subject"] = [{"text": "</script><script>alert(1)</script>"}]
    actions.save_draft(by=writer, content=content, document=document, revision=0)
    page = client.get(BACK).content.decode()
    inside = page.split('<script id="opened" type="application/json">')[1].split("</script>")[0]
    assert json.loads(inside)["document"] == document


def test_the_preview_runs_nothing_and_loads_nothing(client, company, written):
    page = client.post(f"{BACK}preview/", {"who": "first", "device": "desktop"})
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.rstrip().endswith("sandbox")
    assert "script-src" not in policy
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert page["Cache-Control"] == "no-store"
    text = page.content.decode()
    assert text.count("<iframe sandbox title=") == 1
    assert "allow-" not in text
    assert "unsafe-inline" not in client.get(BACK)["Content-Security-Policy"]


def test_words_in_a_preview_stay_words(client, company, writer, written, document):
    words = [{"id": f"w{n}", "type": "text", "paragraphs": [[{"text": text}]]} for n, text in enumerate(SCRIPTS)]
    document["message"]["blocks"][:0] = words
    document["message"]["subject"] = [{"text": text} for text in SCRIPTS]
    draft = actions.begin_draft(by=writer, content=written)
    actions.save_draft(by=writer, content=written, document=document, revision=draft.revision)
    page = client.post(f"{BACK}preview/", {"who": "first", "device": "text"})
    shown = page.context["people"][0]
    assert shown["subject"] == "".join(SCRIPTS)
    assert "<script" not in shown["html"]
    for text in SCRIPTS:
        assert text in shown["text"]
        assert_nothing_of(text, page.content.decode())


@pytest.mark.parametrize(
    "body",
    ["{{ settings.SECRET_KEY }}", "{{ request }}", "{{ first_name.__class__ }}", "{% include '/etc/passwd' %}",
     "{% render 'x' %}", "{{ self }}", "{{ env.PATH }}"],
)  # fmt: skip
def test_code_that_reaches_further_is_refused_not_run(client, content, body, post_json):
    foot = "{{ postal_address }} <a href='{{ unsubscribe_url }}'>x</a>"
    message = by_hand(f"<p>{body} {foot}</p>")
    saved = post_json(client, f"{BACK}draft/", {"document": {"kind": "html", "message": message}, "revision": 0})
    assert saved.json()["findings"][0]["level"] == "error"
    page = client.post(f"{BACK}preview/", {"who": "first"})
    assert "error" in page.context
    assert settings.SECRET_KEY not in page.content.decode()


@pytest.mark.parametrize("body", ["{% for x in (1..99999999) %}x{% endfor %}", "{{ (1..20000000) | join: 'x' }}"])
def test_a_template_bomb_ends_in_words(client, company, content, body, post_json):
    message = by_hand(f"<p>{body}</p>")
    post_json(client, f"{BACK}draft/", {"document": {"kind": "html", "message": message}, "revision": 0})
    page = client.post(f"{BACK}preview/", {"who": "first"})
    assert page.context["error"].shown_code in ("T520", "T521")


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x"])
def test_no_link_runs_a_script(client, writer, content, target, post_json):
    foot = "{{ postal_address }} <a href='{{ unsubscribe_url }}'>x</a>"
    message = by_hand(f'<a href="{target}">x</a>{foot}')
    saved = post_json(client, f"{BACK}draft/", {"document": {"kind": "html", "message": message}, "revision": 0})
    assert "T511" in {one["code"] for one in saved.json()["findings"]}


# ---- X7, X9: whose request it is


def room_routes():
    return next(p for p in get_resolver().url_patterns if getattr(p, "app_name", "") == "content").url_patterns


def addresses(written):
    given = {"slug": "frost", "number": 1, "file": f"{'0' * 64}.png"}
    for route in room_routes():
        names = route.pattern.regex.groupindex
        arguments = {name: given[name] for name in names}
        if route.name in ("brand", "archive_reusable"):
            arguments = {"slug": "nord"}
        yield route.name, reverse(f"content:{route.name}", kwargs=arguments)


PUBLIC = {"media_file"}


def test_nobody_comes_in_without_signing_in(written):
    for name, url in addresses(written):
        if name not in PUBLIC:
            for answer in (Client().get(url), Client().post(url)):
                assert answer.status_code in (302, 405), (name, answer.status_code)
                assert answer.status_code == 405 or "/account/login/" in answer.url


def test_the_other_team_and_auditors_change_nothing(signed_in, written):
    before = (Content.objects.count(), Media.objects.count(), written.versions.count(), ProofPerson.objects.count())
    allowed = {"add_comment", "settle_comment", "preview"}
    for role in (Role.DATA_OWNER, Role.AUDITOR, Role.IT_OPERATOR):
        client = signed_in(role)
        for name, url in addresses(written):
            if name not in PUBLIC | allowed:
                answer = client.post(url, {"name": "x", "text": "x"})
                read_only = name in {"list", "library", "media_choices", "picture", "brands", "reusable", "edit", "versions",
                                     "version", "comments"}  # fmt: skip
                assert answer.status_code in ((200, 403, 404) if read_only else (403, 404)), (
                    role,
                    name,
                    answer.status_code,
                )
    assert before == (
        Content.objects.count(),
        Media.objects.count(),
        written.versions.count(),
        ProofPerson.objects.count(),
    )
    assert signed_in(Role.AUDITOR).post("/content/frost/comments/add/", {"text": "x"}).status_code == 403
    assert not Comment.objects.exists()


def test_every_change_needs_its_token(somebody, written):
    client = Client(enforce_csrf_checks=True)
    client.force_login(
        somebody(Role.MARKETER, username="writer"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    for name, url in addresses(written):
        if name not in PUBLIC:
            assert client.post(url, {"name": "x"}).status_code == 403, name


def test_nobody_reads_or_takes_another_persons_kept_drafts(signed_in, writer, written, document):
    actions.give_up_draft(by=writer, content=written)
    kept = written.kept_drafts.get()
    other = signed_in(Role.MARKETING_LEAD, username="other")
    assert other.post(f"{BACK}kept/", {"kept": kept.pk}).status_code == 404
    assert list(other.get(f"{BACK}versions/").context["kept"]) == []


# ---- X10, X16, X17: files


def test_a_picture_is_encoded_anew_and_served_as_nothing_else(client):
    photo = Image.new("RGB", (2400, 30), "blue")
    exif = photo.getexif()
    exif[0x010F] = "Camera of somebody"
    out = io.BytesIO()
    photo.save(out, "JPEG", exif=exif)
    answer = upload(client, out.getvalue() + b"<script>alert(1)</script>", "photo.jpg", "image/jpeg", alt="Blue")
    made = answer.json()
    assert (made["width"], made["alt"]) == (1200, "Blue")
    served = Client().get(f"/content/media/{made['file']}")
    data = b"".join(served.streaming_content)
    assert served["Content-Type"] == "image/jpeg"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "immutable" in served["Cache-Control"]
    assert b"script" not in data
    assert b"Camera" not in data
    assert (
        upload(client, out.getvalue() + b"<script>alert(1)</script>", "again.jpg", "image/jpeg").json()["file"]
        == made["file"]
    )


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "x.svg", "image/svg+xml"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "x.png", "image/png"),
        (
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
            "x.gif",
            "image/gif",
        ),
        (b"<html><script>alert(1)</script></html>", "x.jpg", "image/jpeg"),
        (b"GIF89a<script>alert(1)</script>", "x.gif", "image/gif"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "x.png", "image/png"),
        (b"%PDF-1.7", "x.png", "image/png"),
        (b"8BPS\0\1", "x.png", "image/png"),
        (b"MZ\x90\0", "x.exe", "image/png"),
        (b"", "x.png", "image/png"),
        (png(), "x.html", "image/png"),
        (png(), "x.svg", "image/svg+xml"),
        (png(), "x.jpg", "image/jpeg"),
        (png(format="TIFF"), "x.png", "image/png"),
        (png(format="BMP"), "x.png", "image/png"),
    ],
)
def test_what_is_no_picture_by_its_own_bytes_is_refused(client, data, name, kind):
    answer = upload(client, data, name, kind)
    assert answer.status_code == 422
    assert answer.json()["todo"]
    assert not Media.objects.exists()
    assert not pictures.folder().exists()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width, height):
    """A PNG that promises far more than it holds."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 5_000_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (13_000, 1), (1, 200_000), (9_000, 9_000)])
def test_a_bomb_is_refused_by_its_header(monkeypatch, size):
    def decoded(self):
        raise AssertionError("a bomb was decoded")

    monkeypatch.setattr(Image.Image, "load", decoded)
    with pytest.raises(ContentError):
        pictures.read_picture(bomb(*size), "bomb.png")


def test_text_that_unpacks_into_much_is_refused():
    text = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * 80_000_000))
    data = png()
    with pytest.raises(ContentError):
        pictures.read_picture(data[:33] + text + data[33:], "bomb.png")


def test_an_endless_animation_is_refused():
    frames = [Image.new("RGB", (20, 20), (n, 255 - n, 40)) for n in range(200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=20)
    with pytest.raises(ContentError, match="too long"):
        pictures.read_picture(out.getvalue(), "long.gif")
    short = io.BytesIO()
    frames[0].save(short, "GIF", save_all=True, append_images=frames[1:9], duration=20)
    assert pictures.read_picture(short.getvalue(), "short.gif").suffix == "gif"


def test_a_file_that_is_too_large_is_refused_unread(client):
    answer = upload(client, b"\x89PNG\r\n\x1a\n" + b"\0" * (pictures.LARGEST_FILE + 1), "large.png")
    assert answer.status_code == 422
    assert "8 MB" in answer.json()["what"]


@pytest.mark.parametrize(
    "name", ["../../../evil.png", "..\\..\\evil.png", "/etc/cron.d/evil.png", "a\0b.png", "x" * 400 + ".png"]
)
def test_a_files_name_is_only_a_name(client, name):
    answer = upload(client, png(), name)
    assert answer.status_code == 200
    kept = list(pictures.folder().rglob("*"))
    assert [path.name for path in kept] == [answer.json()["file"]]
    assert not {"/", "\\"} & set(Media.objects.get().name)


@pytest.mark.parametrize(
    "path",
    ["../../twain.toml", "..%2f..%2ftwain.toml", f"{'0' * 64}.png/../../x", f"{'0' * 64}.svg", f"{'0' * 63}.png", "house.db",
     f"{'0' * 64}.png%00.txt", f"{'A' * 64}.png", f"{'0' * 64}.png"],
)  # fmt: skip
def test_only_pictures_are_served(path):
    assert Client().get(f"/content/media/{path}").status_code in (404, 302)


def test_a_message_names_only_pictures_of_the_library(client, writer, content, document, post_json):
    document["message"]["blocks"].insert(0, {"id": "i", "type": "image", "media": "../../house.db"})
    answer = post_json(client, f"{BACK}draft/", {"document": document, "revision": 0})
    assert answer.json()["findings"][0]["block"] == "i"


def test_a_picture_knows_where_it_is_used(client, writer, content, document):
    made = upload(client, png(), "logo.png").json()
    document["message"]["blocks"].insert(0, {"id": "i", "type": "image", "media": made["file"], "alt": "Logo"})
    actions.save_draft(by=writer, content=content, document=document, revision=0)
    page = client.get(f"/content/media/{Media.objects.get().pk}/")
    assert page.context["uses"] == [content]
    assert (
        client.post(
            f"/content/media/{Media.objects.get().pk}/describe/", {"name": "Logo", "alt": "Our logo"}
        ).status_code
        == 302
    )
    assert Media.objects.get().alt == "Our logo"
