"""The software bill of materials, CycloneDX 1.6: what the hashed lock installs, and the files that the house carries with it.

``python -m tools.sbom > twain.cdx.json``. The same lock gives the same document, byte by byte. Licences are those that the
installed packages declare; a package for another platform has none here.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
VENDORED = ROOT / "src/twain_web/static/vendor/manifest.json"
_LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+?)(?:\s*;\s*(.*?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One line of the lock. *marker* says on which platforms it is installed; *hashes* are of all its files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def locked(text: str) -> list[Locked]:
    """Every package of a lock, in its order."""
    found: list[tuple[str, str, str, list[str]]] = []
    for line in text.splitlines():
        begun = _LINE.match(line)
        if begun:
            found.append((begun[1], begun[2], begun[3] or "", []))
        elif found:
            found[-1][3].extend(_HASH.findall(line))
    return [Locked(name, version, marker, tuple(hashes)) for name, version, marker, hashes in found]


def document(lock: str, vendored: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    components = [*map(_package, locked(lock)), *_carried(vendored)]
    content = json.dumps(components, sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {"component": _itself(project)},
        "components": components,
    }


def _itself(project: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "application",
        "bom-ref": "twain",
        "name": project["name"],
        "version": project["version"],
        "licenses": [{"license": {"id": project["license"]}}],
    }


def _package(one: Locked) -> dict[str, Any]:
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', one.name).lower()}@{one.version}"
    made: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": one.name, "version": one.version, "purl": purl}
    licence = _licence(one)
    if licence:
        made["licenses"] = licence
    made["externalReferences"] = [
        {
            "type": "distribution",
            "url": f"https://pypi.org/project/{one.name}/{one.version}/",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in one.hashes],
        }
    ]
    if one.marker:
        made["properties"] = [{"name": "twain:marker", "value": one.marker}]
    return made


def _licence(one: Locked) -> list[dict[str, Any]]:
    try:
        told = metadata.metadata(one.name)
    except metadata.PackageNotFoundError:
        return []
    if told["Version"] != one.version:
        return []
    if "License-Expression" in told:
        return [{"expression": told["License-Expression"]}]
    classified = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or [] if c.startswith("License :: ")]
    named = classified or [line for line in "".join(told.get_all("License") or []).strip().split("\n")[:1] if line]
    return [{"license": {"name": name[:80]}} for name in named]


def _carried(vendored: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Scripts, styles and icons that lie in the package as files, and what is bundled within them."""
    seen: set[str] = set()
    for asset in vendored["assets"]:
        for one in (asset, *asset.get("within", [])):
            purl = f"pkg:npm/{one['name'].replace('@', '%40')}@{one['version']}"
            if purl in seen:
                continue
            seen.add(purl)
            yield {
                "type": "library",
                "bom-ref": purl,
                "name": one["name"],
                "version": one["version"],
                "purl": purl,
                "licenses": [{"license": {"name": one["licence"]}}],
            }


def main() -> None:
    """Write the document to standard output."""
    made = document(LOCK.read_text(encoding="utf-8"), json.loads(VENDORED.read_text(encoding="utf-8")))
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
