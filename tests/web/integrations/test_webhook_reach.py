"""A webhook's address leads nowhere that it should not (X6): Mautic CVE-2022-25777, Novu CVE-2026-75511, Ghost CVE-2026-53944."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.web.integrations.listening import listening
from twain.errors import ConfigError
from twain.settings import WebhookSettings
from twain_web.rooms.integrations import reaching

NOTHING = WebhookSettings()
PUBLIC = "93.184.215.14"


def check(url, *, at=(PUBLIC,), production=True, settings=NOTHING):
    return reaching.check(url, settings, production=production, resolve=lambda _host, _port: list(at))


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://hooks.example/", "file:///etc/passwd", "//hooks.example/", "https://", "https:///x",
        "https://user:word@hooks.example/", "https://user@hooks.example/", "https://hooks.example:99999/",
        "https://hooks.example:port/", "https://hooks.example/\r\nX: y", "https://hooks .example/", "javascript:alert(1)",
        "http://hooks.example/", "gopher://hooks.example/",
    ],
)  # fmt: skip
def test_what_is_no_public_https_address_is_refused(url):
    with pytest.raises(ConfigError) as refused:
        check(url)
    assert refused.value.shown_code == "T900"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.8", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "2001:db8::1", "fec0::1", "fec0:0:0:ffff::1", "feff::1", "3fff::1", "64:ff9b:1::7f00:1",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(address):
    with pytest.raises(ConfigError, match="no address of the public internet"):
        check("https://hooks.example/", at=[address])


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1"])
def test_one_address_inside_among_good_ones_is_enough(address):
    with pytest.raises(ConfigError):
        check("https://hooks.example/", at=[PUBLIC, address])


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost"])
def test_other_ways_to_write_loopback_are_resolved_as_they_would_be_connected_to(host):
    with pytest.raises(ConfigError):
        reaching.check(f"https://{host}/", NOTHING, production=True)


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_public_internet_is_open(address):
    target = check("https://hooks.example/in?a=b", at=[address])
    assert target.addresses == (address,)
    assert (target.port, target.path) == (443, "/in?a=b")


@pytest.mark.parametrize("allow", ["hooks.corp.example", "10.1.2.3", "10.0.0.0/8"])
def test_what_it_allows_is_open(allow):
    target = check("https://hooks.corp.example/", at=["10.1.2.3"], settings=WebhookSettings((allow,)))
    assert target.addresses == ("10.1.2.3",)
    with pytest.raises(ConfigError):
        check("https://hooks.corp.example/", at=["192.168.0.1"], settings=WebhookSettings(("10.0.0.0/8",)))


def test_without_production_nothing_leaves_this_machine():
    assert check("http://hooks.example/", at=["127.0.0.1"], production=False).scheme == "http"
    with pytest.raises(ConfigError, match="nothing leaves this machine"):
        check("https://hooks.example/", at=[PUBLIC], production=False)


def test_what_was_checked_is_what_is_connected_to(monkeypatch):
    """DNS rebinding: the name says something else the second time it is asked. It is asked once."""
    with listening() as good, listening() as inside:
        told = [["127.0.0.1"], ["127.0.0.2"]]
        url = f"http://rebinding.example:{good.port}/hook"
        target = reaching.check(url, NOTHING, production=False, resolve=lambda _host, _port: told.pop(0))

        def asked(*_arguments, **_words):
            raise AssertionError("the name was looked up again")

        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *rest, **w: real(host, *rest, **w) if host == "127.0.0.1" else asked()
        )
        answer = reaching.post(target, b"{}", {"Content-Type": "application/json"}, NOTHING)
    assert answer.ok
    assert good.got[0][1]["host"] == f"rebinding.example:{good.port}"
    assert inside.got == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    with listening() as first, listening() as inside:
        first.answers = [(status, {"Location": inside.url})]
        target = reaching.check(first.url, NOTHING, production=False)
        answer = reaching.post(target, b"{}", {}, NOTHING)
    assert not answer.ok
    assert "redirects are not followed" in answer.why
    assert inside.got == []


def drip(server, piece, stop):
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
        while not stop.wait(0.02):
            try:
                connection.sendall(piece)
            except OSError:
                return


@pytest.mark.parametrize("piece", [b"a", b"a\r\nX-B: "])
def test_an_answer_that_drips_in_is_cut(monkeypatch, piece):
    """Each byte comes in time, so no read ever times out: the whole has a limit of its own."""
    monkeypatch.setattr(reaching, "_ALTOGETHER", 0.4)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server, piece, stop), daemon=True)
        thread.start()
        target = reaching.check(f"http://127.0.0.1:{server.getsockname()[1]}/", NOTHING, production=False)
        begun = time.monotonic()
        answer = reaching.post(target, b"{}", {}, NOTHING)
        took = time.monotonic() - begun
        stop.set()
        thread.join()
    assert took < 5
    assert not answer.ok
    assert answer.why


def test_a_huge_answer_is_not_read_to_its_end():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def flood():
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                try:
                    connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 100000000\r\n\r\n")
                    for _ in range(1_600):
                        connection.sendall(b"<b>\x1b[31m" * 8_192)
                except OSError:
                    return

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        target = reaching.check(f"http://127.0.0.1:{server.getsockname()[1]}/", NOTHING, production=False)
        answer = reaching.post(target, b"{}", {}, NOTHING)
    thread.join()
    assert answer.status == 500
    assert len(answer.technical) < 300
    assert answer.technical.isprintable()


def certificate(name, folder):
    """A certificate authority of the company's own, and a key for *name* under it; returns (ca file, chain file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Company CA")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "chain.pem").write_bytes(private + pem)
    return folder / "ca.pem", folder / "chain.pem"


def test_over_tls_the_name_counts_though_its_address_is_connected_to(tmp_path):
    ca, chain = certificate("hooks.corp.example", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    def wrap(server):
        server.socket = context.wrap_socket(server.socket, server_side=True)

    settings = WebhookSettings(("127.0.0.0/8",), str(ca))
    with listening(wrap) as there:
        right = check(f"https://hooks.corp.example:{there.port}/", at=["127.0.0.1"], settings=settings)
        assert reaching.post(right, b"{}", {}, settings).ok
        wrong = check(f"https://other.example:{there.port}/", at=["127.0.0.1"], settings=settings)
        assert "certificate does not hold" in reaching.post(wrong, b"{}", {}, settings).why
        assert "certificate does not hold" in reaching.post(right, b"{}", {}, NOTHING).why
    assert len(there.got) == 1


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    with listening() as there, listening() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        target = reaching.check(there.url, NOTHING, production=False)
        assert reaching.post(target, b"{}", {}, NOTHING).ok
    assert proxy.got == []
