"""What zypper prints with `--xmlout`, read."""

import xml.etree.ElementTree as ET
from typing import Final

from zester_modules.host.machine import Candidate

_IN: Final = ("to-install", "to-upgrade", "to-downgrade", "to-change-arch")


def simulated(text: str) -> list[Candidate]:
    """Read the summary of a dry run."""
    found: list[Candidate] = []
    for group in _root(text).iter("install-summary"):
        for action in group:
            for one in action.iter("solvable"):
                if one.get("type") != "package":
                    continue
                edition = one.get("edition", "")
                before = one.get("edition-old", "")
                if action.tag in _IN:
                    found.append(Candidate(name=one.get("name", ""), before=before, after=edition))
                elif action.tag == "to-remove":
                    found.append(Candidate(name=one.get("name", ""), before=edition))
    return sorted(found, key=lambda one: one.name)


def candidates(text: str) -> dict[str, str]:
    """Read `zypper search --details`: the newest of each name comes first."""
    found: dict[str, str] = {}
    for one in _root(text).iter("solvable"):
        if one.get("kind") == "package":
            found.setdefault(one.get("name", ""), one.get("edition", ""))
    return found


def locked(text: str) -> set[str]:
    """Read the names that `zypper locks` lists."""
    return {one.text.strip() for one in _root(text).iter("name") if one.text}


def _root(text: str) -> ET.Element:
    # zypper is this host's own, and speaks of nothing from elsewhere but names and versions
    start = text.find("<?xml")
    return ET.fromstring(text[start:]) if start >= 0 else ET.Element("stream")  # noqa: S314  # see above
