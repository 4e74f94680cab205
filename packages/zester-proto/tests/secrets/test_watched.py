"""A read of a secret is noticed, whichever way Python takes, and one of others is not."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from zester_proto.render.filters.data import FILTERS
from zester_proto.render.merge_values import merge_values
from zester_proto.render.shown import shown
from zester_proto.secrets.watched import Reads, watched

SETTINGS: dict[str, Any] = {
    "port": 80,
    "db": {"user": "app", "password": "hunter2!", "host": {"name": "db1", "key": "s3cret"}},
    "users": [{"name": "ann", "password": "abc"}],
    "open": {"a": {"b": 1}},
}
SECRETS = {("db", "password"), ("db", "host", "key"), ("users", 0, "password")}

Look = Callable[[Any], Any]


QUIET: tuple[Look, ...] = (
    lambda it: it["port"],
    lambda it: it.get("open")["a"],
    list,
    lambda it: "db" in it,
    lambda it: it["db"]["user"],
    lambda it: it["db"]["host"]["name"],
    lambda it: it["db"].keys(),
    lambda it: len(it["db"]),
    lambda it: it["open"].items(),
    copy.deepcopy,
    lambda it: copy.deepcopy(it["db"])["user"],
    lambda it: it["db"].get("nothing", 1),
)

READING: tuple[Look, ...] = (
    lambda it: it["db"]["password"],
    lambda it: it["db"].get("password"),
    lambda it: it["users"],
    lambda it: it["db"].items(),
    lambda it: it["db"].values(),
    lambda it: it["db"]["host"].copy(),
    lambda it: it["db"].pop("password"),
    lambda it: it["db"].setdefault("password", ""),
    lambda it: it["db"] | {},
    lambda it: {} | it["db"],
    lambda it: {**it["db"]},
    lambda it: dict(it["db"]),
    lambda it: it["db"] == {},
    str,
    lambda it: f"{it['db']}",
    shown,
    lambda it: json.dumps(it["db"]),
    lambda it: json.dumps([it]),
    FILTERS["json"],
    FILTERS["yaml"],
    lambda it: FILTERS["tojson"](it["db"]),
    lambda it: FILTERS["traverse"](it, "db:host:key"),
    lambda it: merge_values({}, it["db"]),
    lambda it: copy.deepcopy(it)["db"]["password"],
    lambda it: copy.copy(it["db"])["password"],
    lambda it: sorted(it["db"]["host"].values()),
    lambda it: it["db"].popitem(),
)


@pytest.mark.parametrize("look", QUIET)
def test_what_reads_no_secret_is_not_counted(look: Look) -> None:
    reads = Reads()
    look(watched(copy.deepcopy(SETTINGS), SECRETS, reads))
    assert reads.count == 0


@pytest.mark.parametrize("look", READING)
def test_what_reads_a_secret_is_counted(look: Look) -> None:
    reads = Reads()
    told: list[int] = []
    reads.told = lambda: told.append(reads.count)
    look(watched(copy.deepcopy(SETTINGS), SECRETS, reads))
    assert reads.count > 0
    assert told


def test_settings_are_what_they_were() -> None:
    made = watched(copy.deepcopy(SETTINGS), SECRETS, Reads())
    assert made == SETTINGS
    assert json.loads(json.dumps(made)) == SETTINGS
    assert yaml.safe_load(str(FILTERS["yaml"](made))) == SETTINGS
    assert watched(SETTINGS, set(), Reads()) is SETTINGS
