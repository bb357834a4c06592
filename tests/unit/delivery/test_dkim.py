"""Signatures are judged by dkimpy, a verifier nobody here wrote."""

import base64

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from twain.delivery.dkim import Sealer, make_signer
from twain.errors import ConfigError


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


RSA = pem(rsa.generate_private_key(65537, 2048))
ED25519 = pem(ed25519.Ed25519PrivateKey.generate())
SIGNERS = [make_signer("mail.example.com", "twain1", key) for key in (RSA, ED25519)]
MESSAGE = (
    b"From: Nordlicht <news@mail.example.com>\r\nTo: <anna@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Sun, 22 Nov 2026 10:00:00 GMT\r\nMessage-ID: <r1.0.0.x@mail.example.com>\r\nMIME-Version: 1.0\r\n"
    b"List-Unsubscribe: <https://mail.example.com/u/abc>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b'Content-Type: multipart/alternative;\r\n\tboundary="=_x"\r\n\r\n--=_x\r\n\r\nGuten  Tag =\r\nund mehr\r\n--=_x--\r\n'
)


def sealed(signer, message, at=1_700_000_000):
    return Sealer([signer]).seal(message, at)


def verified(signer, message):
    def dns(name, timeout=5):
        assert name == f"{signer.selector}._domainkey.{signer.domain}.".encode()
        return signer.record.encode()

    return dkim.verify(message, dnsfunc=dns)


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda s: s.algorithm)
def test_another_program_verifies_it(signer):
    assert verified(signer, sealed(signer, MESSAGE))


@given(st.binary(min_size=32, max_size=32))
def test_ed25519_is_the_same_by_two_libraries(digest):
    key = load_pem_private_key(ED25519, password=None)
    assert base64.b64decode(SIGNERS[1].signature(digest)) == key.sign(digest)


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda s: s.algorithm)
@pytest.mark.parametrize(
    ("what", "by"),
    [
        (b"anna@", b"eve@"),
        (b"/u/abc", b"/u/xyz"),
        (b"One-Click", b"No"),
        (b"Guten  Tag", b"Guten Tag"),
        (b"From: Nordlicht", b"From: Evil <evil@example.com>\r\nFrom: Nordlicht"),
        (b"Subject:", b"Subject: another\r\nSubject:"),
    ],
)
def test_whatever_is_changed_or_added_shows(signer, what, by):
    signed = sealed(signer, MESSAGE)
    assert what in signed
    assert not verified(signer, signed.replace(what, by, 1))


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda s: s.algorithm)
def test_headers_may_be_refolded_on_the_way(signer):
    signed = sealed(signer, MESSAGE)
    assert verified(signer, signed.replace(b"alternative;\r\n\tboundary", b"alternative; boundary"))


@given(
    st.lists(st.sampled_from([b"", b"a", b"  two  spaces ", b"\ttab", b"=E4=", b"--x", b"..", b"x" * 76]), max_size=12),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40),
    st.sampled_from(SIGNERS),
)
def test_any_body_and_any_subject_verify(lines, subject, signer):
    head = b"From: <a@mail.example.com>\r\nSubject: " + subject.encode() + b"\r\nTo:  <b@example.com> \r\n"
    assert verified(signer, sealed(signer, head + b"\r\n" + b"".join(line + b"\r\n" for line in lines)))


def test_no_line_is_long_and_both_list_headers_are_signed():
    signed = sealed(SIGNERS[0], MESSAGE)
    assert max(len(line) for line in signed.split(b"\r\n")) < 200
    assert b"list-unsubscribe:list-unsubscribe-post" in signed.split(b"From:")[0]
    assert signed.endswith(MESSAGE)


@pytest.mark.parametrize(
    ("domain", "selector", "key"),
    [
        ("mail.example.com", "bad selector", ED25519),
        ("mail.example.com\r\nX: y", "s", ED25519),
        ("mail.example.com", "s", b"not a key"),
        ("mail.example.com", "s", pem(rsa.generate_private_key(65537, 1024))),
        ("mail.example.com", "s", pem(ec.generate_private_key(ec.SECP256R1()))),
    ],
)
def test_what_is_no_key_or_name_is_refused_without_telling_it(domain, selector, key):
    with pytest.raises(ConfigError) as refused:
        make_signer(domain, selector, key)
    assert refused.value.todo
    assert "BEGIN" not in str(refused.value)


def test_a_signer_never_shows_its_key():
    assert "sign" not in repr(SIGNERS[0]).replace("Signer", "")
