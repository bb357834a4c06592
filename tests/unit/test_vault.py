import base64
import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from twain.errors import ConfigError, LedgerError, TwainError
from twain.settings import Settings
from twain.vault import SUPPRESSION_ENV, Vault

GOOD = base64.b64encode(bytes(range(100, 132))).decode()
OTHER = base64.b64encode(bytes(range(7, 39))).decode()


@pytest.fixture
def settings(tmp_path):
    return Settings(
        root=tmp_path, name="w", sources={}, channels={}, control_url="memory://", state=tmp_path / "state",
        spool=tmp_path / "spool", history=tmp_path / "history", base_url="", production=False, time_zone="UTC",
        secret_file=tmp_path / "state" / "secret", secret_env=None,
    )  # fmt: skip


def test_secrets_are_made_once_for_this_user_only(settings):
    first = Vault.open(settings, {})
    for path in (settings.state / "secret", settings.state / "suppression.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.state.stat().st_mode) == 0o700
    again = Vault.open(settings, {})
    assert again.tokens() == first.tokens()
    assert again.address_hash(b"a@b.de") == first.address_hash(b"a@b.de")
    assert again.suppression_key_file == settings.state / "suppression.key"
    assert sorted(p.name for p in settings.state.iterdir()) == ["secret", "suppression.key"]


def test_two_instances_share_nothing(settings, tmp_path):
    other = replace(settings, state=tmp_path / "other", secret_file=tmp_path / "other" / "secret")
    a, b = Vault.open(settings, {}), Vault.open(other, {})
    assert a.tokens().keys != b.tokens().keys
    assert a.address_hash(b"a@b.de") != b.address_hash(b"a@b.de")
    assert a.suppression_fingerprint != b.suppression_fingerprint


def test_many_processes_may_be_first(settings):
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: Vault.open(settings, {}), range(32)))
    assert len({v.address_hash(b"a@b.de") for v in vaults}) == 1
    assert len({v.tokens().keys[1] for v in vaults}) == 1


def test_an_address_hash_is_hmac_sha256_under_the_suppression_key(settings):
    vault = Vault.open(settings, {})
    key = bytes.fromhex((settings.state / "suppression.key").read_text())
    assert vault.address_hash(b"a@b.de") == hmac.digest(key, b"a@b.de", "sha256")
    assert vault.hash_addresses([b"", b"x" * 500]) == [hmac.digest(key, m, "sha256") for m in (b"", b"x" * 500)]
    long = Vault({1: os.urandom(32)}, b"k" * 100)
    assert long.address_hash(b"a@b.de") == hmac.digest(b"k" * 100, b"a@b.de", "sha256")


def test_rotation_keeps_old_keys_and_never_touches_suppression(settings):
    vault = Vault.open(settings, {})
    before, sealed = vault.tokens(), vault.seal(b"d" * 32, "r1")
    digest = vault.address_hash(b"a@b.de")
    assert vault.rotate() == 2
    for now in (vault, Vault.open(settings, {})):
        assert now.tokens().current == 2
        assert now.tokens().keys[1] == before.keys[1]
        assert now.tokens().keys[2] != before.keys[1]
        assert now.unseal(sealed, "r1") == b"d" * 32
        assert now.unseal(now.seal(b"e" * 32, "r2"), "r2") == b"e" * 32
        assert now.address_hash(b"a@b.de") == digest


def test_a_sealed_key_belongs_to_its_run_and_instance(settings):
    vault = Vault.open(settings, {})
    key = vault.new_data_key()
    sealed = vault.seal(key, "r1")
    assert len(key) == 32
    assert key not in sealed
    assert vault.unseal(sealed, "r1") == key
    stranger = Vault({1: os.urandom(32)}, os.urandom(32))
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for who, what, run in (
        (vault, sealed, "r2"),
        (stranger, sealed, "r1"),
        (vault, damaged, "r1"),
        (vault, b"x", "r1"),
    ):
        with pytest.raises(LedgerError) as refused:
            who.unseal(what, run)
        assert refused.value.shown_code == "T791"


def test_a_destroyed_key_says_that_it_is_final(settings):
    with pytest.raises(LedgerError, match="has been destroyed") as gone:
        Vault.open(settings, {}).unseal(b"", "r1")
    assert gone.value.shown_code == "T790"


def test_a_shared_secret_opens_for_its_owner_only_and_after_a_rotation(settings):
    vault = Vault.open(settings, {})
    sealed = vault.seal_secret(b"whsec_canary", "webhook endpoint 1")
    assert b"canary" not in sealed
    assert vault.unseal_secret(sealed, "webhook endpoint 1") == b"whsec_canary"
    vault.rotate()
    assert Vault.open(settings, {}).unseal_secret(sealed, "webhook endpoint 1") == b"whsec_canary"
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong, owner in ((sealed, "webhook endpoint 2"), (damaged, "webhook endpoint 1"), (b"", "webhook endpoint 1")):
        with pytest.raises(LedgerError) as refused:
            vault.unseal_secret(wrong, owner)
        assert refused.value.shown_code == "T791"
    with pytest.raises(LedgerError):
        vault.unseal(sealed, "r1")  # no key serves two purposes


def test_secrets_may_come_from_the_environment(settings):
    by_env = replace(settings, secret_env="TWAIN_SECRET")
    env = {"TWAIN_SECRET": f"1:{GOOD},2:{OTHER}", SUPPRESSION_ENV: bytes(range(32)).hex()}
    vault = Vault.open(by_env, env)
    assert sorted(vault.tokens().keys) == [1, 2]
    assert vault.address_hash(b"a@b.de") == hmac.digest(bytes(range(32)), b"a@b.de", "sha256")
    assert vault.suppression_key_file is None
    assert not settings.state.exists()
    alone = Vault.open(by_env, {**env, "TWAIN_SECRET": GOOD})
    assert alone.tokens().keys[1] == vault.tokens().keys[1]
    with pytest.raises(ConfigError, match="environment"):
        alone.rotate()


@pytest.mark.parametrize(
    "weak",
    ["", "tiny", "changeme" * 5, "a" * 64, "0123456789" * 3, "1:" + "ab" * 20, "my-secret-" + GOOD, f"1:{GOOD},1:{OTHER}",
     f"0:{GOOD}", f"256:{GOOD}", f"x:{GOOD}"],
)  # fmt: skip
def test_a_weak_secret_is_refused_and_not_repeated(settings, weak):
    with pytest.raises(ConfigError) as refused:
        Vault.open(replace(settings, secret_env="TWAIN_SECRET"), {"TWAIN_SECRET": weak, SUPPRESSION_ENV: GOOD})
    assert refused.value.shown_code in {"T120", "T121", "T122"}
    assert "TWAIN_SECRET" in refused.value.what
    assert not weak or weak not in str(refused.value)


def test_a_weak_suppression_key_is_refused(settings):
    with pytest.raises(ConfigError) as refused:
        Vault.open(settings, {SUPPRESSION_ENV: "password" * 8})
    assert refused.value.shown_code == "T121"


@pytest.mark.parametrize("name", ["secret", "suppression.key"])
def test_a_file_that_others_can_read_is_refused(settings, name):
    Vault.open(settings, {})
    path = settings.state / name
    path.chmod(0o640)
    with pytest.raises(ConfigError) as refused:
        Vault.open(settings, {})
    assert refused.value.shown_code == "T123"
    assert refused.value.todo == f"Run 'chmod 600 {path}'."


def test_an_impossible_place_is_named(settings, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as refused:
        Vault.open(replace(settings, state=tmp_path / "file"), {})
    assert refused.value.shown_code == "T124"
    assert str(tmp_path / "file") in refused.value.what


def test_no_key_is_ever_shown(settings):
    vault = Vault.open(settings, {})
    texts = [(settings.state / n).read_text().strip().partition(":")[2] or "" for n in ("secret",)]
    texts.append((settings.state / "suppression.key").read_text().strip())
    shown = repr(vault) + str(vault) + repr(vault.tokens())
    for number, key in vault.tokens().keys.items():
        assert key.hex() not in shown
        assert repr(key) not in shown
        assert str(number) in shown
    assert all(text and text not in shown for text in texts)
    (settings.state / "secret").write_text(f"1:{GOOD[:20]}")
    with pytest.raises(TwainError) as refused:
        Vault.open(settings, {})
    assert GOOD[:20] not in str(refused.value) + str(refused.value.__cause__)
    assert Path(settings.state / "secret").name in refused.value.what
