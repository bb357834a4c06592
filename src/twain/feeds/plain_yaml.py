"""Plain data as YAML that every reader takes the same way, and always the same bytes for the same data.

YAML 1.1, which many tools still read, takes ``on``, ``no`` and ``2026-01-31`` for something else than text: what is not surely
text stands in quotes, keys too. No anchors, no tags, no folded lines.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter

_SURELY_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[.-][A-Za-z][A-Za-z0-9_]*)*")
_OTHERWISE = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_NEVER_FOLDED = 1 << 20


class _Representer(SafeRepresenter):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 — the library's signature
        """The same value twice is written twice."""
        return True

    def text(self, data: str) -> ScalarNode:
        plain = _SURELY_TEXT.fullmatch(data) and data.lower() not in _OTHERWISE
        style = None if plain else "|" if "\n" in data else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Representer.add_representer(str, _Representer.text)


def plain_yaml(data: dict[str, Any]) -> str:
    """*data* (maps, lists, text, numbers, true, false, null) as one YAML document, keys in the order in which they stand."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = _NEVER_FOLDED
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the library types it as None
    out = StringIO()
    yaml.dump(data, out)
    return out.getvalue()
