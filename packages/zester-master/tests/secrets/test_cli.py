"""`zester-master secret`: values go in, names come out, and the bus holds neither in clear."""

import asyncio
import io
import json
import re
import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from zester_master.main import main
from zester_master.secrets import editing
from zester_master.secrets.record import BadSecret, SecretRecord, opened_record, secret_key
from zester_proto.codec import decode
from zester_proto.link import LinkOptions, NatsLink
from zester_proto.link.jsapi import Entry
from zester_proto.link.streams import ensure
from zester_proto.link.watch import follow
from zester_proto.messages.records import Audit
from zester_testing.site import Bus

CANARY = "canary-in-the-store"
OLD = "canary-of-yesterday"

Secret = Callable[..., tuple[int, str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "top.sls").write_text("base:\n  'a*': [db]\n")
    (folder / "db.sls").write_text("x: 1\npassword: {{ secret('db/password') }}\n")
    (folder / "other.sls").write_text("y: !secret run/x\nz: !secret nowhere\n")
    return folder


@pytest.fixture
def secret(
    bus: Bus,
    tmp_path: Path,
    tree: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Secret:
    """Run a command of `zester-master secret`; gives exit code and output."""
    config = tmp_path / "master.yaml"
    config.write_text(
        f"auth_dir: {bus.site.paths.master}\nnats_url: [{bus.url}]\nsettings_dir: {tree}\n"
        "secret_sources:\n  run/: [file, /run/secrets]\n"
    )

    def run(*words: str, stdin: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["secret", *words, "--config", str(config)])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def on(bus: Bus, work: Callable[[NatsLink], Awaitable[Any]]) -> Any:
    """Do something on the bus as a master."""

    async def connected() -> Any:
        options = LinkOptions(urls=(bus.url,), creds=bus.site.auth.creds, ca=bus.site.ca)
        async with NatsLink(options) as link:
            await link.connect_once()
            return await work(link)

    return asyncio.run(connected())


def stored(bus: Bus, stream: str, subject: str) -> list[Entry]:
    """Give all that lies there, with what was replaced."""

    async def read(link: NatsLink) -> list[Entry]:
        async with follow(link, stream, subject, start=0) as batches:
            return list((await anext(aiter(batches))).entries)

    return on(bus, read)


def record(bus: Bus, name: str) -> SecretRecord:
    (entry,) = stored(bus, "KV_site", f"$KV.site.{secret_key(name)}")
    return opened_record(bus.site.master.keys.settings, secret_key(name), entry.value)


@pytest.fixture(autouse=True)
def buckets(bus: Bus) -> None:
    on(bus, ensure)


def audited(bus: Bus) -> list[Audit]:
    return [decode(one.value, Audit) for one in stored(bus, "job-events", "zester.audit.secret.>")]


def test_a_value_goes_in_sealed_and_never_comes_out(bus: Bus, secret: Secret, tmp_path: Path):
    assert secret("set", "db/password", stdin=f"{CANARY}\n") == (0, "db/password: kept\n")
    kept = record(bus, "db/password")
    assert (kept.value, kept.role, kept.short) == (CANARY, "admin", False)
    assert kept.by.endswith(" on master-1")

    file = tmp_path / "key"
    file.write_text(f"{CANARY}\nline 2\n")
    assert secret("set", "pem", "--file", str(file), "--role", "operator")[0] == 0
    pem = record(bus, "pem")
    assert (pem.value, pem.role) == (f"{CANARY}\nline 2\n", "operator")

    code, listed = secret("list")
    assert code == 0
    assert CANARY not in listed
    everything = [one.value for one in stored(bus, "KV_site", ">") + stored(bus, "job-events", ">")]
    assert everything
    assert not any(CANARY.encode() in value for value in everything)
    assert CANARY not in repr(pem)


def test_what_was_replaced_or_removed_lies_nowhere_any_more(bus: Bus, secret: Secret):
    secret("set", "rotated", stdin=OLD)
    assert secret("rotate", "rotated", stdin=CANARY) == (0, "rotated: changed\n")
    # the only message of a key that keeps five
    assert record(bus, "rotated").value == CANARY

    assert secret("rotate", "rotated", "--random", "40") == (0, "rotated: changed\n")
    assert re.fullmatch("[A-Za-z0-9]{40}", record(bus, "rotated").value)

    assert secret("remove", "rotated") == (0, "rotated: removed\n")
    (gone,) = stored(bus, "KV_site", f"$KV.site.{secret_key('rotated')}")
    assert (gone.operation, gone.value) == ("delete", b"")
    assert "no secret 'rotated'" in secret("rotate", "rotated", "--random", "9")[1]
    assert [(one.what, one.data["name"]) for one in audited(bus)][-4:] == [
        ("set", "rotated"), ("changed", "rotated"), ("changed", "rotated"), ("removed", "rotated"),
    ]  # fmt: skip


def test_role_and_short_stay_until_they_are_changed(bus: Bus, secret: Secret):
    assert secret("set", "pin", "--short", "--role", "operator", stdin="1234")[0] == 0
    assert secret("set", "pin", stdin="4321") == (0, "pin: changed\n")
    kept = record(bus, "pin")
    assert (kept.value, kept.short, kept.role) == ("4321", True, "operator")


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        (("set", "x"), "12345", "--short"),
        (("set", "x"), "", "empty"),
        (("set", "x"), "x" * 70_000, "at most"),
        (("set", "a b"), CANARY, "no name of a secret"),
        (("set", "run/x"), CANARY, "source run/"),
        (("set", "x", "--file", "/nowhere"), "", "cannot read /nowhere"),
        (("rotate", "db/passwords", "--random", "10"), "", "did you mean db/password"),
    ],
)
def test_what_cannot_be_done_is_said_without_the_value(
    secret: Secret, words: tuple[str, ...], stdin: str, why: str
):
    secret("set", "db/password", stdin=CANARY)
    code, said = secret(*words, stdin=stdin)
    assert code == 3
    assert why in said
    assert CANARY not in said


def test_the_list_says_where_each_is_named_and_what_is_not_set(secret: Secret):
    secret("set", "db/password", stdin=CANARY)
    code, out = secret("list", "--output", "json")
    assert code == 0
    rows = {one["name"]: one for one in json.loads(out)}
    assert rows["db/password"]["places"] == ["db.sls:2"]
    assert rows["db/password"]["peels"] == []
    assert rows["run/x"]["from"] == "source run/"
    assert rows["nowhere"]["from"] == "NOT SET"
    assert any("other.sls:2" in line for line in secret("list")[1].splitlines())


def test_an_editor_gets_a_file_in_memory_for_the_owner_alone(
    bus: Bus, secret: Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secret("set", "edited", stdin=OLD)
    seen = tmp_path / "seen"
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!{sys.executable}\nimport os, pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n"
        f"assert file.read_text() == '{OLD}'\n"
        f"pathlib.Path('{seen}').write_text(f'{{file}} {{file.stat().st_mode:o}} "
        "{file.parent.stat().st_mode:o}')\n"
        f"pathlib.Path(f'{{file}}~').write_text('{OLD}')\nfile.write_text('{CANARY}\\n')\n"
    )
    editor.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(editor))

    assert secret("edit", "edited") == (0, "edited: changed\n")

    assert record(bus, "edited").value == CANARY
    where, mode, folder = seen.read_text().split()
    assert where.startswith("/dev/shm/")
    assert (stat.S_IMODE(int(mode, 8)), stat.S_IMODE(int(folder, 8))) == (0o600, 0o700)
    assert not Path(where).parent.exists()
    monkeypatch.setenv("EDITOR", "true")
    assert secret("edit", "edited") == (0, "edited: as it was\n")
    monkeypatch.setenv("EDITOR", "false")
    assert secret("edit", "edited")[0] == 3


def test_no_value_is_written_to_a_disk_for_an_editor(tmp_path: Path):
    with pytest.raises(BadSecret, match="no folder in memory"):
        editing.edited(OLD, tmp_path)
    assert not any(tmp_path.iterdir())
