"""``twain init``: an empty workspace that says what to do next. What is there already stays as it is."""

from __future__ import annotations

from pathlib import Path

from twain.errors import ConfigError

TWAIN_TOML = """\
# Twain: where the data lies, how messages leave, and IT's limits on both. Secrets never stand in this file: a key that ends
# in _env names an environment variable, one that ends in _file a file outside git.

[workspace]
name = "{name}"
time_zone = "UTC"

# [sources.crm]
# kind = "postgres"              # or duckdb, sqlite (with path = "…")
# url_env = "CRM_URL"            # a role with SELECT on your views, and nothing else
# max_connections = 2
# timeout = "10m"                # one audience
# interactive_timeout = "5s"     # one count while somebody is editing
# memory = "1GB"
# hours = "20:00-06:00"          # bulk reads only then

# [channels.mail]
# kind = "smtp"
# host = "relay.example.com"
# port = 587
# tls = "starttls"
# username = "twain"
# password_env = "RELAY_PASSWORD"
# connections = 4
# limits = {{ "" = {{ per_second = 500 }}, gmail = {{ per_second = 20, per_hour = 50000 }} }}

# [delivery]
# lease = "30s"                  # a worker silent for so long is taken for dead; another goes on with its people

[gateway]
base_url = ""                    # https://… of `twain gateway`: where people unsubscribe

[production]
enabled = false                  # nothing leaves this machine until IT says so
"""

POLICY_TOML = """\
# What both teams agreed on. The product enforces it.

# [people.pnair]
# name = "Full Name"
# title = "Real Title"
# roles = ["data owner"]

# [[approval]]
# when = { ceiling_over = 10000 }  # a send without a ceiling is above every ceiling
# needs = 1
# roles = ["data owner"]
# not_author = true

[checks]
min_valid = 0.8                    # a smaller share of usable addresses holds a send
max_jump = 0.5                     # an audience that differs more from the last estimate holds a send
"""

GITIGNORE = ".twain/\n"


def init_workspace(folder: Path) -> list[str]:
    """Make what is missing in *folder*; returns the names made. Raises ConfigError when it cannot be written."""
    files = {
        "twain.toml": TWAIN_TOML.format(name=folder.resolve().name.replace('"', "")),
        "policy.toml": POLICY_TOML,
        ".gitignore": GITIGNORE,
    }
    made = []
    try:
        for sub in ("feeds", "campaigns", "audiences", "fragments"):
            (folder / sub).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if not (folder / name).exists():
                (folder / name).write_text(text, encoding="utf-8")
                made.append(name)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.", todo="Choose a folder of yours.") from error
    return made
