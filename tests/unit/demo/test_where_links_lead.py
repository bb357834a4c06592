"""Where the links of messages lead: to the port on which the house or the gateway really listens, or that it does not is said."""

import tomllib

from twain.demo.start import claim_ports, copy_workspace, point_links
from twain.flows.gateway import elsewhere
from twain_web.supervise.house import _links


def base_url(root):
    return tomllib.loads((root / "twain.toml").read_text())["gateway"]["base_url"]


def test_the_demos_links_lead_to_its_own_port(tmp_path):
    copy_workspace(tmp_path)
    claim_ports(tmp_path, 48123, inbox_port=0)
    assert base_url(tmp_path) == "http://127.0.0.1:48123"
    assert point_links(tmp_path, 48123) == ""
    assert point_links(tmp_path, 48124) == "http://127.0.0.1:48123"
    assert base_url(tmp_path) == "http://127.0.0.1:48124"


def test_a_company_address_is_left_alone(tmp_path):
    copy_workspace(tmp_path)
    toml = tmp_path / "twain.toml"
    toml.write_text(toml.read_text().replace("http://127.0.0.1:8024", "https://mail.nordlicht.example"))
    assert point_links(tmp_path, 48123) == ""
    assert base_url(tmp_path) == "https://mail.nordlicht.example"


def test_the_house_says_when_links_lead_elsewhere():
    here, old = "http://127.0.0.1:48123", "http://127.0.0.1:8024"
    assert _links(here, here, 48123) == ()
    assert old in _links(old, here, 48123)[0]
    assert f'base_url = "{here}"' in _links(old, old, 48123)[0]


def test_the_gateway_says_when_links_lead_elsewhere():
    assert 'base_url = "http://127.0.0.1:8125"' in elsewhere("http://127.0.0.1:8025", 8125)
    assert elsewhere("http://localhost:8125", 8125) == ""
    assert elsewhere("https://mail.nordlicht.example", 8125) == ""  # a proxy stands before it
