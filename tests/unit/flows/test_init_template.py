"""What ``twain init`` suggests in comments is what the settings and the channels understand."""

import re

from twain.delivery.channels import open_channel
from twain.flows.init import init_workspace
from twain.settings import load_settings


def test_every_suggestion_can_be_uncommented(tmp_path):
    init_workspace(tmp_path)
    file = tmp_path / "twain.toml"
    file.write_text(re.sub(r"(?m)^# (?=\[|\w+ = )", "", file.read_text()))
    environment = {"CRM_URL": "postgresql://reader@db.example.com/crm", "RELAY_PASSWORD": "a-password"}
    settings = load_settings(tmp_path, environment)
    assert set(settings.sources) == {"crm"}
    assert open_channel(settings.channels["mail"]).leaves_loopback
