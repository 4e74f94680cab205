"""What a master answers of settings: `I@` in targets, and what it cannot know."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from zester_cli.errors import CliError, NoMaster, RoleRefused
from zester_master.basket import values
from zester_master.known import known
from zester_master.known.wire import Show
from zester_master.secrets.record import BUCKET, SecretRecord, sealed_record, secret_key
from zester_proto.codec import unpack
from zester_proto.link import kv
from zester_proto.link.jsapi import ask
from zester_proto.messages.operators import SettingsLook, TargetAsk
from zester_proto.permissions import Role
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus

FILES = {
    "top.sls": b"base:\n  '*': [all]\n  'G@role:web': [web]\n  'db-*': [db]\n",
    "all.sls": b"env: {{ grains.get('env', 'prod') }}\nnginx: {user: www}\n",
    "web.sls": b"nginx: {port: 8080}\n",
    "db.sls": b"data:\n  at: {{ salt['cmd.run']('df') }}\n",
}


class _State(msgspec.Struct):
    subjects: dict[str, int] | None = None


class _Info(msgspec.Struct):
    state: _State


class Stage(NamedTuple):
    """A master that knows settings, an operator, and three peels."""

    master: Master
    operator: Operator
    web: RawPeel
    folder: Path
    bus: Bus

    async def secret(self, name: str, value: str) -> None:
        """Put a secret into the store."""
        record = SecretRecord(name=name, value=value, changed=1.0)
        sealed = sealed_record(self.master.context.keys.settings, record)
        await kv.put(self.master.context.link, BUCKET, secret_key(name), sealed)

    async def audited(self, subject: str) -> int:
        """Give how often something was noted."""
        body, link = {"subjects_filter": subject}, self.master.context.link
        info = await ask(link, "STREAM.INFO.job-events", body, _Info)
        return (info.state.subjects or {}).get(subject, 0)

    async def publish(self, **changed: bytes) -> None:
        """Have other files published, and known."""
        known = self.master.agent.known
        before = known.root
        for name, text in changed.items():
            (self.folder / f"{name}.sls").write_bytes(text)
        await eventually(lambda: known.root not in {b"", before}, "the tree is known")

    async def ids(self, target: str) -> list[str]:
        """Give whom a target means."""
        while True:
            try:
                return sorted(await self.operator.rows("target", TargetAsk(target=target)))
            except NoMaster as error:
                # as an operator would: on a busy machine the renderers take a while to start
                if "being rendered" not in error.message or known.PATIENCE == 0:
                    raise


@pytest.fixture
async def stage(
    own_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Stage]:
    monkeypatch.setattr(values, "FRESH", 0.0)
    folder = tmp_path / "settings"  # beside the site's own
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_bytes(text)
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(own_bus, settings_dir=folder))
        operator = await stack.enter_async_context(Operator.up(own_bus))
        facts: dict[str, dict[str, Any]] = {
            "web-1": {"role": "web"}, "web-2": {"role": "web", "env": "test"}, "db-1": {},
        }  # fmt: skip
        peels = [
            await stack.enter_async_context(RawPeel.up(own_bus, one, **more))
            for one, more in facts.items()
        ]
        await master.sees(*facts)
        await eventually(lambda: master.agent.known.root, "the tree is known")
        yield Stage(master, operator, peels[0], folder, own_bus)


async def test_targets_ask_for_settings(stage: Stage):
    assert await stage.ids("I@nginx:port:8080") == ["web-1", "web-2"]
    assert await stage.ids("I@env:prod and not I@nginx:port:8080") == ["db-1"]
    assert await stage.ids("I@env:test or db-*") == ["db-1", "web-2"]
    assert await stage.ids("J@env:p.*") == ["db-1", "web-1"]
    assert await stage.ids("I@nginx:port:>=8000") == ["web-1", "web-2"]
    answer = await stage.operator.value("target", TargetAsk(target="I@env:prod", explain=True))
    assert answer["explain"] == [{"text": "I@env:prod", "count": 2, "depth": 0}]


async def test_facts_and_trees_that_change_count_at_once(stage: Stage):
    assert await stage.ids("I@env:prod") == ["db-1", "web-1"]
    await stage.web.put_facts(id="web-1", role="web", env="test")

    async def changed() -> bool:
        return await stage.ids("I@env:prod") == ["db-1"]

    await eventually(changed, "its new facts count")
    await stage.publish(all=b"env: prod\n")
    assert await stage.ids("I@env:prod") == ["db-1", "web-1", "web-2"]


async def test_what_cannot_be_known_is_an_error_with_file_and_line(stage: Stage):
    with pytest.raises(CliError, match=r"settings of db-1.*db\.sls:2.*cmd\.run"):
        await stage.ids("I@data:at:x")
    # a wider pattern may mean what is not known, and other peels do not hang on it
    with pytest.raises(CliError, match="cmd"):
        await stage.ids("J@.*:at:x")
    assert await stage.ids("G@role:web and I@data:at:x") == []

    await stage.publish(all=b"a: {{ salt['cmd.run']('df') }}\n")
    with pytest.raises(CliError, match=r"and of 2 more peels.*all\.sls:1.*cmd"):
        await stage.ids("I@env:prod or I@a:x")


async def test_facts_that_break_what_is_published_are_told(stage: Stage):
    await stage.web.put_facts(id="web-1", role="web", env="prod")
    await stage.master.sees("web-1")
    await stage.publish(web=b"a: {{ grains.env }}\n")
    await stage.web.put_facts(id="web-1", role="web")

    async def told() -> bool:
        try:
            await stage.ids("web-1 and I@a:prod")
        except CliError as error:
            return "web.sls:1" in error.message
        return False

    await eventually(told, "the mistake is told")


async def test_a_basket_is_read_for_the_peel_that_asks(stage: Stage):
    text = b"env: {{ basket('web-1', 'env')[0].value }}\n"
    await stage.publish(all=text)
    for value in ("one", "two"):
        await stage.web.share("env", value)
        assert await stage.ids(f"web-* and I@env:{value}") == ["web-1", "web-2"]


async def test_a_basket_that_the_peel_may_not_ask_is_an_error_and_not_empty(stage: Stage):
    await stage.publish(all=b"env: {{ basket('I@a:b', 'env') | length }}\n")
    with pytest.raises(CliError, match="a peel could find out those of others"):
        await stage.ids("web-1 and I@env:0")


async def test_no_tree_is_told_apart_from_nobody(own_bus: Bus):
    async with Master.up(own_bus), Operator.up(own_bus) as operator:
        with pytest.raises(CliError, match="not known here"):
            await operator.rows("target", TargetAsk(target="I@env:prod"))


async def test_a_template_that_ends_its_renderer_ends_nothing_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    agent = stage.master.agent
    (answer,) = (await agent.known.ask(Show(), ["web-1"])).values()
    assert unpack(answer.value)["settings"]["nginx"] == {"port": 8080, "user": "***"}
    for one in agent.known.renderers.processes():
        one.kill()
    assert await stage.ids("I@env:prod") == ["db-1", "web-1"]

    monkeypatch.setattr(known, "PATIENCE", 0.0)
    await stage.publish(web=b"x: 1\n")
    with pytest.raises(CliError, match="being rendered"):
        await stage.ids("I@env:prod")


async def test_operators_see_settings_masked_and_where_they_come_from(stage: Stage):
    operator = stage.operator
    rows = await operator.rows("settings", SettingsLook(what="show", target="db-1"))
    assert rows["db-1"]["settings"] == {"env": "***", "nginx": {"user": "***"}}
    assert "cmd.run" in rows["db-1"]["unknown"][0]

    got = await operator.rows("settings", SettingsLook(what="get", target="*", key="nginx:port"))
    assert got == {"db-1": {}, "web-1": {"value": 8080}, "web-2": {"value": 8080}}
    got = await operator.rows("settings", SettingsLook(what="get", target="*", key="data:at"))
    assert "db.sls:2" in got["db-1"]["error"]

    traced = await operator.rows(
        "settings", SettingsLook(what="trace", target="web-1", key="nginx:port")
    )
    assert traced["web-1"]["rows"] == [
        {"place": "web.sls:1:15", "env": "base", "did": "set", "value": 8080}
    ]
    look = SettingsLook(what="trace", target="web-1", key="nginx:prot")
    assert await operator.rows("settings", look) == {"web-1": {"rows": [], "meant": "nginx:port"}}


async def test_secrets_are_shown_to_administrators_alone_and_it_is_noted(stage: Stage):
    await stage.secret("key", "hunter22")
    await stage.publish(
        web=b"nginx: {key: {{ secret('key') }}}\n", top=b"base:\n  'web-*': [all, web]\n"
    )
    look = SettingsLook(what="show", target="web-1")
    masked = await stage.operator.rows("settings", look)
    assert masked["web-1"]["settings"]["nginx"] == {"key": "***", "user": "www"}

    reveal = SettingsLook(what="show", target="web-1", reveal=True)
    shown = await stage.operator.rows("settings", reveal)
    assert shown["web-1"]["settings"]["nginx"] == {"key": "hunter22", "user": "www"}
    async with Operator.up(stage.bus, Role.VIEWER) as viewer:
        with pytest.raises(RoleRefused, match="may not see secrets"):
            await viewer.rows("settings", reveal)
        assert await viewer.rows("settings", look) == masked
    await stage.master.context.journal.flush()
    assert await stage.audited("zester.audit.settings.revealed.web-1") == 1


async def test_questions_about_settings_that_make_no_sense_are_refused(stage: Stage):
    for look, text in (
        (SettingsLook(what="show", target="*"), "is about one peel"),
        (SettingsLook(what="trace", target="web-1"), "needs the name"),
        (SettingsLook(what="show", target="no-*"), "nobody matches"),
    ):
        with pytest.raises(CliError, match=text):
            await stage.operator.rows("settings", look)
