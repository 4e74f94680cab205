"""The example of a web server, on whole hosts under one master: predicted, made, kept, repaired."""

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from hosts.fleet import HostFleet
from zester_testing.fleet import eventually

TREE = Path(__file__).parents[1] / "examples/states/web"
NAMES = ("web-1", "web-2", "db-1")
# What only the run can tell: the file that the package brings, and the service in it.
UNKNOWN = {("config", "/etc/nginx/sites-enabled/default"), ("server", "nginx")}
# apt stops here for good, once: the package is there, and nothing after it
HANG = """\
DPkg::Post-Invoke { "test -e /var/reached || { touch /var/reached; exec sleep infinity; }"; };
"""

GONE = """\
nginx:
  pkg.purged:
    - pkgs: [nginx-light, nginx-common]
stopped:
  service.dead:
    - name: nginx
folder:
  file.absent:
    - name: /etc/nginx
page:
  file.managed:
    - name: /srv/web/gone.html
    - contents: gone
"""

Run = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def fleet(host_fleet: HostFleet) -> HostFleet:
    """Hosts that reach the archives, and a master that published the example."""
    for host in host_fleet.hosts.values():
        host_fleet.yard.give_packages(host)
    states = host_fleet.states
    shutil.copytree(
        TREE, states / "web", dirs_exist_ok=True, ignore=shutil.ignore_patterns("tests")
    )
    eventually(lambda: is_published(host_fleet), "the tree is published")
    return host_fleet


def is_published(fleet: HostFleet) -> bool:
    done = fleet.zester("tree", "status", "--output=json")
    if done.code:
        return False
    head: dict[str, Any] = done.json()["published"] or {"environments": {}}
    base: dict[str, int] = head["environments"].get("base") or {}
    return base.get("files") == 3


def applied(fleet: HostFleet, *words: str) -> Run:
    done = fleet.zester("*", "state.apply", "web", *words, "--output=json", timeout=200)
    peels: dict[str, Any] = done.json()["peels"]
    assert set(peels) == set(NAMES), done.out
    return {name: states_of(one) for name, one in peels.items()}


def states_of(peel: dict[str, Any]) -> list[dict[str, Any]]:
    assert peel["return"]["result"] in {"ok", "changed", "would-change"}, json.dumps(peel)
    states: list[dict[str, Any]] = peel["return"]["states"]
    return states


def is_unknown(leaf: Any) -> bool:
    return "unknown" in leaf if isinstance(leaf, dict) else False


def disagreements(dry: dict[str, Any], ran: dict[str, Any]) -> list[str]:
    """Say where a state did other than was predicted of it."""
    wanted, got = dry["changes"], ran["changes"]
    wrong: list[str] = []
    if dry["certain"] and dry["result"] == "ok" and ran["result"] != "ok":
        wrong.append(f"{ran['id']}: was ok and certain, and is {ran['result']}")
    for path, leaf in wanted.items():
        if not is_unknown(leaf) and not agrees(leaf, got.get(path)):
            wrong.append(f"{ran['id']}: {path}: {leaf} was predicted, {got.get(path)} applied")
    if got and not wanted:
        wrong.append(f"{ran['id']}: {got} was not predicted")
    known = {path for path, leaf in wanted.items() if not is_unknown(leaf)}
    open_ = {path for path, leaf in wanted.items() if is_unknown(leaf)}
    wrong += [
        f"{ran['id']}: {path} was not predicted"
        for path in got.keys() - known
        if not any(path == one or path.startswith(one + ":") or one == dry["name"] for one in open_)
    ]
    return wrong


def agrees(leaf: dict[str, Any], got: dict[str, Any] | None) -> bool:
    """Say whether the known sides of a leaf are those that were applied."""
    return got is not None and all(
        is_unknown(leaf[side]) or leaf[side] == got[side] for side in ("before", "after")
    )


def unknown_leaves(states: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (one["id"], path)
        for one in states
        for path, leaf in one["changes"].items()
        if is_unknown(leaf)
    }


def page_of(fleet: HostFleet, name: str) -> str:
    # the hosts are on a bridge of this test's own, whatever proxy this machine has
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{fleet.hosts[name].address}/", timeout=10) as answer:
        return answer.read().decode()


def test_what_was_predicted_is_what_is_done_and_then_nothing(fleet: HostFleet) -> None:
    dry = applied(fleet, "test=True")
    ran = applied(fleet)
    again, still = applied(fleet), applied(fleet, "test=True")

    for name in NAMES:
        pairs = zip(dry[name], ran[name], strict=True)
        assert [line for pair in pairs for line in disagreements(*pair)] == []
        assert unknown_leaves(dry[name]) == UNKNOWN
        assert f"<title>{name}</title>" in page_of(fleet, name)
        for run in (again, still):
            assert [(one["id"], one["result"], one["changes"]) for one in run[name]] == [
                (one["id"], "ok", {}) for one in ran[name]
            ]


def test_a_host_that_crashed_in_mid_run_is_repaired_by_the_next(fleet: HostFleet) -> None:
    applied(fleet)
    host = fleet.hosts["web-2"]
    host.run(["apt-get", "purge", "-y", "nginx-light", "nginx-common"]).check()
    host.run(["rm", "-f", "/srv/web/index.html", "/etc/nginx/sites-enabled/default"]).check()
    host.write("/etc/apt/apt.conf.d/99hang", HANG)
    fleet.zester("web-2", "state.apply", "web", "--async").check()
    eventually(lambda: not host.run(["test", "-e", "/var/reached"]).code, "the run is under way")
    assert host.run(["test", "-L", "/etc/nginx/sites-enabled/default"]).code == 0

    host.crash()
    fleet.wait_present(set(NAMES) - {"web-2"})
    host.start()
    fleet.wait_present(NAMES)
    applied(fleet)

    assert "<title>web-2</title>" in page_of(fleet, "web-2")
    assert all(one["result"] == "ok" for one in applied(fleet, "test=True")["web-2"])


def test_what_goes_with_a_package_is_not_said_to_be_there(fleet: HostFleet) -> None:
    applied(fleet)
    host = fleet.hosts["db-1"]
    host.write("/srv/own/gone.zy", GONE)

    def gone(*words: str) -> list[dict[str, Any]]:
        call = ["zester-peel", "call", "--tree", "/srv/own", "--output=json", "state.apply", "gone"]
        return states_of(host.run([*call, *words], timeout=200).check().json())

    dry, ran = gone("test=True"), gone()
    pairs = list(zip(dry, ran, strict=True))
    assert [line for pair in pairs for line in disagreements(*pair)] == []
    assert unknown_leaves(dry) == {("stopped", "nginx"), ("folder", "/etc/nginx")}
    assert [one["result"] for one in ran] == ["changed", "ok", "ok", "changed"]
