"""The example of a web server, on a whole host: predicted, made, kept."""

import urllib.request
from pathlib import Path
from typing import Any

import pytest

from hosts.host import Host

TREE = Path(__file__).parents[1] / "examples/states/web"
PLACE = "/srv/states"
# What only the run can tell: the file that the package brings, and the service in it.
UNKNOWN = {("config", "/etc/nginx/sites-enabled/default"), ("server", "nginx")}

States = list[dict[str, Any]]


@pytest.fixture(scope="module")
def host(debian_host: Host) -> Host:
    """A host that has the example."""
    for file in TREE.iterdir():
        debian_host.write(f"{PLACE}/web/{file.name}", file.read_bytes())
    return debian_host


def applied(host: Host, *words: str, tree: str = "web") -> States:
    call = ["zester-peel", "call", "--tree", PLACE, "--output=json", "state.apply", tree, *words]
    states: States = host.run(call, timeout=200).check().json()["return"]["states"]
    return states


def is_unknown(leaf: Any) -> bool:
    return isinstance(leaf, dict) and "unknown" in leaf


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


def test_what_was_predicted_is_what_is_done_and_then_nothing(host: Host) -> None:
    dry, ran = applied(host, "test=True"), applied(host)
    again, still = applied(host), applied(host, "test=True")

    pairs = list(zip(dry, ran, strict=True))
    assert [line for pair in pairs for line in disagreements(*pair)] == []
    assert unknown_leaves(dry) == UNKNOWN
    assert {one["id"] for one in ran if one["result"] == "changed"} == {one["id"] for one in dry}
    for run in (again, still):
        told = [(one["id"], one["result"], one["changes"]) for one in run]
        assert told == [(one["id"], "ok", {}) for one in ran]

    # the host is on a bridge of this test's own, whatever proxy this machine has
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{host.address}/", timeout=10) as answer:
        page = answer.read().decode()
    assert f"<title>{host.name}</title>" in page


def test_what_goes_with_a_package_is_not_said_to_be_there(host: Host) -> None:
    applied(host)
    host.write(f"{PLACE}/gone.zy", GONE)
    dry, ran = applied(host, "test=True", tree="gone"), applied(host, tree="gone")
    pairs = list(zip(dry, ran, strict=True))
    assert [line for pair in pairs for line in disagreements(*pair)] == []
    assert unknown_leaves(dry) == {("stopped", "nginx"), ("folder", "/etc/nginx")}
    assert [one["result"] for one in ran] == ["changed", "ok", "ok", "changed"]
