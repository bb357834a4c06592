"""X10: no file of the workspace reads anything but itself: ``../``, absolute paths, links, other kinds of files."""

import json

import pytest

CANARY = "canary-of-a-secret-file"
CAMPAIGN = "campaigns/summer-thanks"


@pytest.fixture
def secret(demo, tmp_path):
    """A file beside the workspace that the sender's account may read."""
    path = tmp_path / "secret.txt"
    path.write_text(CANARY)
    return path


def refused(demo, *, code="T112"):
    """Every command that would read it refuses, says which file, and shows nothing of it."""
    for words in (("check", "--offline"), ("preview", "summer-thanks"), ("send", "summer-thanks")):
        answer = demo.twain(*words, "--json")
        assert answer.code == 2, (words, answer.out)
        assert CANARY not in answer.out + answer.err
        assert code in answer.out
    assert demo.messages() == 0


@pytest.mark.parametrize(
    "file",
    [
        f"{CAMPAIGN}/body.txt",
        f"{CAMPAIGN}/campaign.toml",
        "fragments/many-returns.sql",
        "fragments/another.sql",
        "audiences/active-customers.toml",
        "policy.toml",
    ],
)
def test_a_link_out_of_its_folder_is_not_followed(demo, secret, file):
    path = demo.root / file
    path.unlink(missing_ok=True)
    path.symlink_to(secret)
    refused(demo)


@pytest.mark.parametrize("inside", [".twain/secret", "twain.toml"])
def test_nor_is_a_link_to_another_folder_of_the_workspace(demo, inside):
    demo.twain("runs")
    (demo.root / f"{CAMPAIGN}/body.txt").symlink_to(demo.root / inside)
    refused(demo)


def test_a_whole_campaign_elsewhere_is_not_followed(demo, tmp_path):
    (demo.root / CAMPAIGN).rename(tmp_path / "elsewhere")
    (demo.root / CAMPAIGN).symlink_to(tmp_path / "elsewhere")
    refused(demo)


def test_a_body_that_is_a_link_is_not_followed(demo, secret):
    html = secret.rename(secret.with_name("secret.html"))
    (demo.root / f"{CAMPAIGN}/body.mjml").unlink()
    (demo.root / f"{CAMPAIGN}/body.mjml").symlink_to(html)
    refused(demo, code="T100")


@pytest.mark.parametrize(
    "named", ["../../../secret.html", "{root}/../secret.html", "../birthday/body.mjml", "body.txt", ""]
)
def test_a_campaign_names_a_body_in_its_own_folder_only(demo, secret, named):
    secret.rename(secret.with_name("secret.html"))
    written = named.format(root=demo.root)
    demo.edit(f"{CAMPAIGN}/campaign.toml", 'body = "body.mjml"', f"body = {json.dumps(written)}")
    if written:
        refused(demo, code="T100")
    else:  # nothing named: the campaign's own body
        assert demo.twain("check", "--offline", "--json").code == 0


def test_a_contract_that_is_a_link_is_not_followed(demo, secret):
    contract = demo.root / "feeds/customers.odcs.yaml"
    contract.unlink()
    contract.symlink_to(secret)
    refused(demo, code="T201")


@pytest.mark.parametrize(
    "name", ["../summer-thanks", "/etc", "summer-thanks/../birthday", "summer-thanks\n", ".", "", "a\0b"]
)
def test_a_campaigns_name_is_a_name(demo, name):
    answer = demo.twain("send", name, "--json")
    assert answer.code == 2
    assert demo.messages() == 0


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * (9 << 20), b"\x80\x04\x95pickle"])
def test_what_is_no_text_is_refused_in_words(demo, content):
    (demo.root / f"{CAMPAIGN}/campaign.toml").write_bytes(content)
    answer = demo.twain("send", "summer-thanks")
    assert answer.code == 2
    assert "Traceback" not in answer.err
