"""A secret from a master's store to a file of a peel, and nowhere else: all processes are real."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zester_master.secrets.record import SecretRecord
from zester_master.secrets.store import SecretStore
from zester_proto.health import Condition
from zester_proto.secrets.forms import forms_of
from zester_proto.secrets.masker import MASK
from zester_testing.masters import Master, Operator, Told, eventually
from zester_testing.peels import Peel, is_welcome
from zester_testing.site import Bus

HIDDEN = "secret content changed\n"
FIRST, SECOND = 'first: "canary" #1 & more', "second-canary/2+2"

SETTINGS = {
    "top.sls": "base:\n  'stays': [app]\n",
    "app.zy": "user: app\npassword: !secret db/password\nport: 5432\n",
}
STATES = {
    "app.sls": """
plain:
  file.managed:
    - name: OUT/plain
    - contents: 'port={{ pillar.port }}'
config:
  file.managed:
    - name: OUT/config
    - source: salt://app.conf
    - template: jinja
command:
  cmd.run:
    - name: echo "$WORD"; echo "$WORD" | base64; exit 3
    - env:
      - WORD: '{{ pillar.password }}'
""",
    "app.conf": "password={{ salt['pillar.get']('password') }}\n",
    "broken.sls": "{{ pillar.password }}: {{ pillar['nothing'] }}\n",
    "wrong.sls": "a:\n  file.managed: [{name: OUT/{{ pillar.password | json }}: x}]\n",
}


class Store:
    """The secret store, as `zester-master secret` works with it."""

    def __init__(self, master: Master) -> None:
        context = master.context
        self._store = SecretStore(context.link, context.keys.settings, "master-1", lambda: 1.0)

    async def set(self, value: str) -> None:
        kept = await self._store.get("db/password")
        await self._store.put(SecretRecord(name="db/password", value=value, changed=1.0), kept)


class Stage(NamedTuple):
    """A master with a secret, a peel that needs it, and an operator who writes all down."""

    store: Store
    peel: Peel
    operator: Operator
    out: Path
    said: list[str]

    async def run(self, function: str, *args: Any, **kwargs: Any) -> Told:
        told = await self.operator.run("stays", function, *args, kwargs=kwargs)
        self.said.append(shown(told))
        return told

    def is_silent(self) -> None:
        """Look for the secrets in returns, in the log, and in the peel's own state folder."""
        kept = [one for one in self.peel.state.rglob("*") if one.is_file()]
        files = {str(one): one.read_bytes() for one in kept}
        texts = [one.encode() for one in (*self.said, self.peel.log.read_text())]
        assert any(b"took the settings" in one for one in texts)
        for form in forms_of(FIRST) | forms_of(SECOND):
            assert not [one[:200] for one in texts if form in one], form
            assert not [name for name, data in files.items() if form in data], form


def write(folder: Path, files: Mapping[str, str], out: Path) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text.replace("OUT", str(out)))
    return folder


def shown(told: Told) -> str:
    """Give all that an operator may see of a job."""
    return repr((told.info, [told.result(one) for one in told.reader.items]))


def by_id(told: Told) -> dict[str, dict[str, Any]]:
    value: dict[str, Any] = told.result("stays").value
    return {one["id"]: one for one in value["states"]}


@contextlib.asynccontextmanager
async def staged(bus: Bus, folder: Path) -> AsyncGenerator[Stage]:
    out = folder / "out"
    out.mkdir()
    settings = write(folder / "settings", SETTINGS, out)
    states = write(folder / "states", STATES, out)
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(bus, settings_dir=settings))
        store = Store(master)
        await store.set(FIRST)
        flags = {"state_roots": str(states), "log_level": "debug"}
        peel = stack.enter_context(Peel.up(bus, "stays", folder, **flags))
        await is_welcome(peel)
        await master.sees("stays")
        await eventually(lambda: peel.lines("took the settings"), "it has its settings")
        operator = await stack.enter_async_context(Operator.up(bus))
        yield Stage(store, peel, operator, out, [])


async def test_a_secret_comes_into_its_file_and_is_said_nowhere(
    own_bus: Bus, tmp_path: Path
) -> None:
    async with staged(own_bus, tmp_path) as stage:
        out = stage.out
        dry = by_id(await stage.run("state.apply", "app", test=True))
        assert dry["config"]["diff"] == HIDDEN
        assert not (out / "config").exists()
        ran = by_id(await stage.run("state.apply", "app"))
        assert "+port=5432" in ran["plain"]["diff"]
        assert ran["config"]["diff"] == HIDDEN
        assert (out / "config").read_text() == f"password={FIRST}\n"
        assert (out / "config").stat().st_mode & 0o777 == 0o600
        assert ran["command"]["result"] == "failed"
        for function, *args in (
            ("pillar.items",), ("settings.items",), ("state.show", "app"),
            ("state.apply", "broken"), ("state.apply", "wrong"), ("test.echo", FIRST),
            ("cmd.run", f"cat {out}/config; base64 {out}/config; xxd -p {out}/config"),
            ("file.read", f"{out}/config"), ("test.echo", "secret:db/password"),
        ):  # fmt: skip
            await stage.run(function, *args)
        for key, value in (("password", MASK), ("port", 5432)):
            assert (await stage.run("pillar.get", key)).result("stays").value == value
        given = {"name": f"{out}/given", "contents": "secret:db/password"}
        single = by_id(await stage.run("state.single", "file.managed", **given))
        assert single[given["name"]]["diff"] == HIDDEN
        assert (out / "given").read_text() == f"{FIRST}\n"
        stage.is_silent()


async def test_a_secret_that_was_replaced_is_masked_yet(own_bus: Bus, tmp_path: Path) -> None:
    async with staged(own_bus, tmp_path) as stage:
        await stage.store.set(SECOND)
        await eventually(
            lambda: len(stage.peel.lines("took the settings")) > 1, "it has the new one"
        )
        await stage.run("state.apply", "app")
        assert (stage.out / "config").read_text() == f"password={SECOND}\n"
        told = await stage.run("test.echo", f"{FIRST} {SECOND}")
        assert told.result("stays").value == f"{MASK} {MASK}"
        stage.is_silent()


async def test_a_master_says_no_secret_of_its_site(own_bus: Bus, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/key").write_text(SECOND)
    sources = {"run/": ("file", str(tmp_path / "run"))}
    async with Master.up(own_bus, secret_sources=sources) as master:
        await Store(master).set(FIRST)
        await master.context.secrets.want(["run/key"])
        await eventually(lambda: master.context.masker.is_in(FIRST), "it has read its store")
        master.context.health.set(Condition("said", "warning", f"{FIRST} or {SECOND}"))
        assert master.conditions()["said"] == f"{MASK} or {MASK}"
