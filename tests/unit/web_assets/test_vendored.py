"""The web's vendored assets are what their manifest says: unchanged, licensed, and asking nothing of another host."""

import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "src" / "twain_web" / "static" / "vendor"
ASSETS = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))["assets"]
FILES = {file: facts for asset in ASSETS for file, facts in asset["files"].items()}
SCRIPTS = [file for file in FILES if file.endswith(".js")]
SHEETS = [file for file in FILES if file.endswith(".css")]
WANTED = json.loads((ROOT / "tools" / "vendor" / "package.json").read_text(encoding="utf-8"))["dependencies"]
LARGEST = 4 << 20

MAKES_CODE = re.compile(r"\beval\s*\(|\bnew Function\b|(?<![\w.$])Function\s*\(")
LOADED_BY_CSS = re.compile(r"@import\b|url\((?!\s*[\"']?(?:data:|#))", re.IGNORECASE)
HOST = re.compile(r"(?:https?:)//([a-z0-9.-]+)", re.IGNORECASE)
LOADED_BY_SCRIPT = re.compile(
    r"(?:\b(?:import|importScripts|fetch|Worker|EventSource|WebSocket|sendBeacon)\s*\(\s*|\.(?:src|href)\s*=\s*|\bfrom\s*)"
    r"[\"'`](?:https?:|wss?:|//)",
)
# Hosts that a script names without asking them anything.
NAMED = {
    "www.w3.org": "namespaces of XML",
    "alpinejs.dev": "advice in an error message",
    "svelte.dev": "addresses of error messages",
    "popper.js.org": "advice in an error message",
    "github.com": "a licence's address in a comment",
    "tabler.io": "the maker's address in a comment",
}


def text(file: str) -> str:
    return (VENDOR / file).read_text(encoding="utf-8")


def test_every_file_is_in_the_manifest_and_every_name_in_it_is_a_file():
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert present - {"manifest.json"} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_the_one_that_was_vendored(file):
    content = (VENDOR / file).read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (FILES[file]["sha256"], FILES[file]["bytes"])


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset["name"])
def test_an_asset_has_its_licence_version_and_source(asset):
    assert asset["licence"] in {"MIT", "0BSD", "Apache-2.0"}
    assert asset["version"] == WANTED[asset["name"]]
    assert asset["source"].startswith("https://registry.npmjs.org/")
    assert asset["integrity"].startswith("sha512-")
    licences = text(asset["licence_file"])
    for package in [asset, *asset["within"]]:
        assert re.search(
            rf"^{re.escape(package['name'])}\b.*\({re.escape(package['licence'])}\)$", licences, re.MULTILINE
        )
    assert "Permission" in licences or "Apache License" in licences


@pytest.mark.parametrize("file", SHEETS)
def test_a_style_sheet_loads_nothing(file):
    assert LOADED_BY_CSS.findall(text(file)) == []


@pytest.mark.parametrize("file", SCRIPTS)
def test_a_script_names_other_hosts_in_words_only(file):
    assert LOADED_BY_SCRIPT.findall(text(file)) == []
    assert set(HOST.findall(text(file))) <= set(NAMED)


@pytest.mark.parametrize("file", [*SCRIPTS, *SHEETS])
def test_no_file_refers_to_a_source_map(file):
    assert "sourceMappingURL" not in text(file)


@pytest.mark.parametrize("file", SCRIPTS)
def test_the_manifest_knows_which_script_can_make_code_from_text(file):
    assert FILES[file]["eval"] == bool(MAKES_CODE.search(text(file)))


def test_only_a_script_with_a_reason_can_make_code_from_text():
    able = {asset["name"] for asset in ASSETS if any(facts.get("eval") for facts in asset["files"].values())}
    assert able == {asset["name"] for asset in ASSETS if asset.get("eval_because")} == {"htmx.org"}


def test_the_patterns_find_what_they_look_for():
    assert LOADED_BY_CSS.search('@font-face{src:url("https://example.org/a.woff2")}')
    assert LOADED_BY_CSS.search("a{background:url(images/a.png)}")
    assert not LOADED_BY_CSS.search('a{background:url("data:image/svg+xml,%3csvg/%3e")}')
    assert LOADED_BY_SCRIPT.search('s.src="https://example.org/a.js"')
    assert LOADED_BY_SCRIPT.search("import('//example.org/a.js')")
    assert MAKES_CODE.search("JSON.parse?f():new Function('return ('+s+')')")
    assert not MAKES_CODE.search("isFunction(a);a.Function(b);retrieval(c)")


def test_an_icon_is_a_line_drawing_of_its_own_name():
    listed = (ROOT / "tools" / "vendor" / "icons.txt").read_text(encoding="utf-8").split()
    symbols = {icon.get("id"): icon for icon in ET.parse(VENDOR / "icons" / "icons.svg").getroot()}
    assert set(symbols) == {f"tabler-{name}" for name in listed}
    for icon in symbols.values():
        assert icon.get("viewBox") == "0 0 24 24"
        assert icon.get("stroke") == "currentColor"
        assert len(icon) > 0


def test_the_whole_is_small():
    total = sum(facts["bytes"] for facts in FILES.values())
    print(f"vendored: {total / 1024:.0f} KiB in {len(FILES)} files")
    assert total <= LARGEST
