"""Every resource on one real host, as an operator runs them: a dry run that tells the truth, a run,
and a second one with nothing to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from hosts.host import Host
from zester_modules.states.resources_table import Resources
from zester_proto.render.nodes import Mapping
from zester_proto.render.yaml import load

TREE = Path(__file__).parent / "every"
PARTS = ("0-packages", "1-come", "2-change", "3-go")

ELSEWHERE = {
    "git": "held with repositories of their own on a root, in test_git.py",
    "kmod": "a host in a container loads no modules; test_settings.py of roots has them",
    "pip": "needs a registry, or wheels: test_pip.py makes some",
    "virtualenv": "the same",
    "test": "changes no host",
}
UNSURE: dict[str, set[str]] = {
    "0-packages": set(),
    "1-come": {"locale", "answers", "query", "alternative", "other_alternative",
               "chosen_alternative", "newest", "running", "enabled"},
    "2-change": {"alternative"},
    "3-go": {"removed", "purged", "alternative", "last_alternative"},
}  # fmt: skip
"""States of which a dry run cannot be certain."""

IDLE = {"exists", "missing", "query", "answers", "newest", "own_group", "accumulated",
        "grain_exists", "uptodate"}  # fmt: skip
"""These have nothing to do in the first run either; a user takes its own group along."""


@pytest.fixture(scope="module")
def host(debian_host: Host) -> Host:
    """A host with the tree."""
    for path in TREE.rglob("*"):
        if path.is_file():
            debian_host.write(f"/srv/tree/{path.relative_to(TREE)}", path.read_bytes())
    debian_host.write("/usr/share/zoneinfo/Mars/Base", "TZif2")
    debian_host.write("/srv/every-renamed", "renamed")
    debian_host.write("/srv/packed/x/a", "a")
    debian_host.run(["tar", "-C", "/srv/packed", "-cf", "/srv/every.tar", "x"]).check()
    idle = "[Service]\nExecStart=/bin/sleep 1000\n"
    debian_host.write("/usr/lib/systemd/system/every-idle.service", idle)
    debian_host.run(["systemctl", "daemon-reload"]).check()
    debian_host.run(["apt-get", "update", "-qq"], timeout=300).check()
    return debian_host


def run(host: Host, part: str, *words: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Run a part, and give its states by id and name; a failure is the test's."""
    call = ["zester-peel", "call", "--tree", "/srv/tree", "--output", "json", "state.apply", part]
    done = host.run([*call, *words], timeout=300)
    document = json.loads(done.out)
    rows = {(one["id"], one["name"]): one for one in document["return"]["states"]}
    assert document["return"]["errors"] == []
    failed = {one: row["comment"] for one, row in rows.items() if row["result"] == "failed"}
    assert failed == {}
    return rows


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", PARTS)
def test_a_dry_run_is_right_and_a_second_run_has_nothing_to_do(host: Host, part: str):
    foretold = run(host, part, "test=True")
    done = run(host, part)
    words = {"would-change": "changed"}
    assert {one for (one, _), row in foretold.items() if not row["certain"]} == UNSURE[part]
    for one, row in foretold.items():
        if row["certain"]:
            assert words.get(row["result"], row["result"]) == done[one]["result"], one
            assert row["changes"] == done[one]["changes"], one
    assert {one for (one, _), row in done.items() if row["result"] == "ok"} <= IDLE
    for again in (run(host, part, "test=True"), run(host, part)):
        busy = {one: row["changes"] for one, row in again.items()
                if row["result"] not in {"ok", "skipped"} and one[0] != "calls"}  # fmt: skip
        assert busy == {}


def test_no_resource_is_left_out():
    called: set[str] = set()
    for part in PARTS:
        root = load((TREE / f"{part}.zy").read_text(), part, "zy").root
        assert isinstance(root, Mapping)
        called |= {pair[0].text for _, one in root.pairs if isinstance(one, Mapping)
                   for pair in one.pairs}  # fmt: skip
    wanted = {one for one in Resources(third_parties=None).names()
              if one.partition(".")[0] not in ELSEWHERE}  # fmt: skip
    assert called == wanted
