"""Functions that look at accounts, crontabs and names, on a throw-away Debian root."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hosts.root import Root
from zester_modules.context import Context
from zester_modules.registry import Registry
from zester_testing.root_machine import RootMachine

Call = Callable[..., Any]


@pytest.fixture
def call(debian_root: Root, tmp_path: Path) -> Call:
    """Calls a function by its name on the root, and gives what it answers."""
    registry = Registry()
    context = Context(registry=registry, machine=RootMachine(debian_root, tmp_path))

    def run(name: str, *args: Any) -> Any:
        return registry.find(name).call(context, *args)

    return run


def test_a_user_is_described_without_its_password(call: Call, debian_root: Root) -> None:
    words = ["useradd", "--comment=Al,1,2,3,o", "--groups=adm", "--password=$6$a$b", "al"]
    debian_root.run(words).check()
    found = call("user.info", "al")
    assert (found["uid"], found["fullname"], found["other"]) == (1000, "Al", "o")
    assert found["groups"] == ["adm", "al"]
    assert call("user.list_groups", "al") == ["adm", "al"]
    assert call("user.primary_group", "al") == "al"
    assert "$6$" not in str([call("user.getent"), call("shadow.info", "al")])
    assert call("shadow.info", "al")["passwd"] == "**********"
    assert call("shadow.info", "daemon")["passwd"] == "*"
    assert (call("user.info", "nemo"), call("shadow.info", "nemo")) == ({}, {})
    assert "al" in call("user.list_users")


def test_a_group_is_described(call: Call) -> None:
    found = call("group.info", "adm")
    assert found == {"name": "adm", "gid": 4, "passwd": "x", "members": []}
    assert found in call("group.getent")
    assert call("group.info", "nemo") == {}


def test_names_of_addresses_are_listed(call: Call, debian_root: Root) -> None:
    (debian_root.path / "etc/hosts").write_text("::1 a b # us\n# no\n::1 b c\n")
    assert call("hosts.list_hosts") == {"::1": {"aliases": ["a", "b", "c"], "comment": "us"}}
    assert call("hosts.get_ip", "c") == "::1"
    assert call("hosts.get_alias", "0::1") == ["a", "b", "c"]
    assert not call("hosts.has_pair", "::1", "d")


def test_a_crontab_is_listed(call: Call, debian_root: Root) -> None:
    text = "# hand\nX=1\n# so ZESTER_CRON_ID:a\n1 2 3 4 5 b c\n#DISABLED#@daily d\n"
    debian_root.run(["crontab", "-"], stdin=text).check()
    assert call("cron.raw_cron", "root") == text
    found = call("cron.list_tab", "root")
    assert (found["pre"], found["env"]) == (["# hand"], [{"name": "X", "value": "1"}])
    assert found["crons"] == [{
        "minute": "1", "hour": "2", "daymonth": "3", "month": "4", "dayweek": "5", "cmd": "b c",
        "identifier": "a", "comment": "so", "commented": False,
    }]  # fmt: skip
    assert found["special"][0]["commented"]


def test_digests_are_those_that_everybody_knows(call: Call, debian_root: Root) -> None:
    (debian_root.path / "empty").write_bytes(b"")
    assert call("hashutil.digest", "a") == "0cc175b9c0f1b6a831c399e269772661"
    assert call("hashutil.md5_digest", "a") == call("hashutil.digest", "a", "md5")
    assert call("hashutil.sha256_digest", "") == call("hashutil.digest_file", "/empty", "sha256")
    assert len(call("hashutil.sha512_digest", "a")) == 128
    text = call("hashutil.base64_encodestring", "ä")
    assert call("hashutil.base64_decodestring", text) == "ä"
    made = "Eutw1CqH8hXPtDi5WtYcYWHsU4LtxDVAV3dWuK7jDYU="
    assert not call("hashutil.hmac_signature", "text", "key", made)
