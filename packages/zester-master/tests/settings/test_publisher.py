"""What masters seal for whom: real masters on a real bus, and peels that open what they may."""

import contextlib
import shutil
from pathlib import Path

import pytest

from zester_master.secrets.record import SecretRecord, sealed_record, secret_key
from zester_proto.identity.sealing import SealError, open_with
from zester_proto.link import PermissionDenied, chunks, kv
from zester_proto.messages.settings import BUNDLES, FILES, SettingsBundle, file_aad
from zester_testing.masters import Master, eventually
from zester_testing.sealed_peel import SealedPeel, contents
from zester_testing.site import Bus

TOP = """\
base:
  '*': [common]
  'web-*': [web]
"""
CANARY, PLAIN = "marked-canary-7781", "unmarked-canary-4437"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "top.zy").write_text(TOP)
    (folder / "common.zy").write_text("port: 80\n")
    (folder / "web.zy").write_text(f'password: {PLAIN}\nkey: !encrypted "{CANARY}"\n')
    return folder


def paths(bundle: SettingsBundle) -> list[str]:
    return [one.path for one in bundle.files]


async def revision(master: Master, peel_id: str) -> int:
    entry = await kv.get(master.context.link, BUNDLES, peel_id)
    assert entry is not None
    return entry.revision


async def test_peels_get_what_the_top_file_names_and_nothing_of_it_lies_open(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
        SealedPeel.up(own_bus, "db-1", tmp_path) as db,
    ):
        mine, theirs = await web.settled(master), await db.settled(master)

        assert paths(mine) == ["common.zy", "web.zy"]
        assert [one.reference for one in mine.entries] == ["common", "web"]
        assert paths(theirs) == ["common.zy"]
        text = await contents(master, mine, "web.zy")
        assert PLAIN.encode() in text
        assert CANARY.encode() not in text
        assert list(mine.secrets.values()) == [CANARY]
        assert theirs.secrets == {}
        with pytest.raises(PermissionDenied):
            await kv.get(db.raw.link, BUNDLES, "web-1", seconds=2.0)
        stolen = await kv.get(master.context.link, BUNDLES, "web-1")
        assert stolen is not None
        await kv.put(master.context.link, BUNDLES, "db-1", stolen.value)
        db.keeper.following.ask()
        await eventually(lambda: "settings" in {c.code for c in db.health.conditions()}, "refused")
        assert db.keeper.bundle == theirs
    stored = [one for one in (own_bus.site.paths.root / "nats").rglob("*") if one.is_file()]
    assert stored
    for word in (CANARY, PLAIN):
        assert not [one for one in stored if word.encode() in one.read_bytes()]


async def test_an_edit_concerns_those_who_read_the_file_and_nobody_else(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
        SealedPeel.up(own_bus, "db-1", tmp_path) as db,
    ):
        first = await web.settled(master)
        await db.settled(master)
        before = await revision(master, "db-1")
        (tree / "web.zy").write_text("password: other\n")
        second = await web.settled(master, first.generation)

        assert await contents(master, second, "web.zy") == b"password: other\n"
        assert await revision(master, "db-1") == before
        assert {one.path: one.stored for one in second.files}["common.zy"] == (
            {one.path: one.stored for one in first.files}["common.zy"]
        )


async def test_an_edit_looks_at_the_files_alone_that_are_others(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):

        def looked() -> int:
            sharing = master.agent.settings.folders.local
            assert sharing is not None
            return sharing.closures.looked

        first = await web.settled(master)
        assert looked() == 2
        (tree / "web.zy").write_text("password: other\n")
        second = await web.settled(master, first.generation)
        assert looked() == 1

        # a mistake between them costs nothing either: what was published last is known
        (tree / "web.zy").write_text("a: {{ x")
        await eventually(lambda: "settings-broken" in master.conditions(), "the mistake is told")
        (tree / "web.zy").write_text("password: third\n")
        await web.settled(master, second.generation)
        assert looked() == 1


async def test_who_loses_a_file_cannot_open_what_comes_after(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as stays,
        SealedPeel.up(own_bus, "web-2", tmp_path) as goes,
    ):
        first, lost = await stays.settled(master), await goes.settled(master)
        (tree / "top.zy").write_text(TOP.replace("web-*", "web-1"))
        second, rest = (
            await stays.settled(master, first.generation),
            await goes.settled(master, lost.generation),
        )

        assert paths(rest) == ["common.zy"]
        assert paths(second) == ["common.zy", "web.zy"]
        old = next(one for one in lost.files if one.path == "web.zy")
        new = next(one for one in second.files if one.path == "web.zy")
        entry = await chunks.read(master.context.link, FILES, new.stored)
        assert entry is not None
        with pytest.raises(SealError):
            open_with(old.key, file_aad(lost.site, new.stored), entry.value)


async def test_another_master_goes_on_without_sealing_anything_anew(
    own_bus: Bus, second_master: Path, tree: Path, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with Master.up(own_bus, settings_dir=tree) as one:
            web = await stack.enter_async_context(SealedPeel.up(own_bus, "web-1", tmp_path))
            first = await web.settled(one)
            before = await revision(one, "web-1")
        two = await stack.enter_async_context(Master.up(own_bus, second_master, settings_dir=tree))
        await eventually(lambda: two.agent.settings.lease.held, "the other one publishes")
        await eventually(lambda: two.agent.settings.settled, "it has nothing to do")
        assert two.context.least_settings("web-1") == first.generation
        assert await revision(two, "web-1") == before
        (tree / "common.zy").write_text("port: 81\n")
        await web.settled(two, first.generation)


async def test_an_edit_on_a_master_that_may_not_publish_is_told_there(
    own_bus: Bus, second_master: Path, tree: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(tree, other)
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(Master.up(own_bus, settings_dir=tree))
        await eventually(lambda: one.agent.published.head, "the settings are published")
        two = await stack.enter_async_context(Master.up(own_bus, second_master, settings_dir=other))
        await eventually(lambda: two.agent.settings.folders.local, "it has read its folders")
        (other / "common.zy").write_text("port: 81\n")
        told = await eventually(lambda: two.conditions().get("settings-differ"), "it says so")
        assert told is not None
        assert "those that master-1 published; master-1 may publish now" in told
        assert "settings-differ" not in one.conditions()

        one.agent.stop()
        await eventually(lambda: "settings-differ" not in two.conditions(), "its edit counts")
        assert two.agent.published.head is not None
        assert two.agent.published.head.publisher == "master-2"


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("web.zy", "a: {{ x", "web.zy:1"),
        ("web.zy", "include: [nothing]", "web.zy:1"),
        ("web.zy", "a: {{ secret(name) }}", "web.zy:1"),
        ("web.zy", "a: !secret unknown-name", "there is no secret 'unknown-name'"),
        ("top.zy", "base:\n  'G@os:(': [web]\n  '(': [common]", "top.zy:3"),
        ("top.zy", "base:\n  'I@a:b': [common]", "cannot ask for settings"),
        ("top.zy", "base:\n  'G@role:web': [web]", "facts decide who gets it"),
        ("top.zy", "base:\n  '*': [missing]", "there is no settings file 'missing'"),
    ],
    ids=["syntax", "include", "name", "secret", "target", "settings", "facts", "missing"],
)
async def test_a_broken_tree_is_told_with_its_line_and_the_last_good_one_stays(
    own_bus: Bus, tree: Path, tmp_path: Path, path: str, text: str, told: str
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):
        good = await web.settled(master)
        (tree / path).write_text(text)
        await eventually(
            lambda: told in master.conditions().get("settings-broken", ""), "the mistake is told"
        )
        assert master.context.least_settings("web-1") == good.generation
        (tree / path).write_text({"web.zy": "a: 1\n", "top.zy": TOP}[path])
        await eventually(lambda: "settings-broken" not in master.conditions(), "all is well again")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: {{ facts.nosuch }}", "web.zy:1: 'dict object' has no attribute 'nosuch'"),
        (
            "port: {a: {{ 1 }}}",
            "web.zy:1: port is a mapping here and a single value in common.zy:1:7",
        ),
        ("{{ 'a' * 10 ** 9 }}", "web.zy:1: 1000000000 characters at once"),
    ],
    ids=["undefined", "kinds", "bomb"],
)
async def test_an_edit_that_cannot_be_rendered_is_not_published_and_others_still_come(
    own_bus: Bus, tree: Path, tmp_path: Path, text: str, told: str
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):
        good = await web.settled(master)
        (tree / "web.zy").write_text(text)
        await eventually(
            lambda: told in master.conditions().get("settings-broken", ""), "the mistake is told"
        )
        assert "(on web-1)" in master.conditions()["settings-broken"]
        async with SealedPeel.up(own_bus, "web-2", tmp_path) as late:
            assert paths(await late.settled(master)) == ["common.zy", "web.zy"]
        assert web.keeper.bundle == good
        (tree / "web.zy").write_text("a: {{ facts.nosuch | default(1) }}\n")
        await web.settled(master, good.generation)
        assert "settings-broken" not in master.conditions()


async def test_a_master_that_starts_on_a_broken_edit_does_not_publish_it(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):
        good = await web.settled(master)
    (tree / "web.zy").write_text("a: {{ nope }}\n")
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path),
    ):
        await eventually(
            lambda: "web.zy:1" in master.conditions().get("settings-broken", ""), "it is told"
        )
        assert master.context.least_settings("web-1") == good.generation


async def test_an_edit_is_not_held_up_by_what_was_broken_before(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    (tree / "web.zy").write_text("a: {{ facts.role }}\n")
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):
        first = await web.settled(master)
        (tree / "common.zy").write_text("port: 81\n")
        await web.settled(master, first.generation)


async def test_facts_that_change_bring_other_settings(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    (tree / "top.zy").write_text("base:\n  'G@role:web': [web, {trust_facts: true}]\n")
    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "app-1", tmp_path, role="db") as peel,
    ):
        first = await peel.settled(master)
        assert first.files == ()
        await peel.raw.put_facts(role="web")
        assert paths(await peel.settled(master, first.generation)) == ["web.zy"]


async def test_a_secret_with_another_value_is_sealed_for_all_who_need_it(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    (tree / "web.zy").write_text("a: {{ secret('db/password') }}\n")

    async def put(master: Master, value: str) -> None:
        record = SecretRecord(name="db/password", value=value, changed=0.0)
        data = sealed_record(master.context.keys.settings, record)
        await kv.put(master.context.link, "site", secret_key("db/password"), data)

    async with (
        Master.up(own_bus, settings_dir=tree) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
        SealedPeel.up(own_bus, "db-1", tmp_path) as db,
    ):
        await put(master, "one")
        first = await web.settled(master)
        assert first.secrets == {"db/password": "one"}
        assert (await db.settled(master)).secrets == {}
        await put(master, "two")
        assert (await web.settled(master, first.generation)).secrets == {"db/password": "two"}


async def test_lists_are_put_together_where_the_site_wants_it(
    own_bus: Bus, tree: Path, tmp_path: Path
) -> None:
    async with (
        Master.up(own_bus, settings_dir=tree, pillar_merge_lists=True) as master,
        SealedPeel.up(own_bus, "web-1", tmp_path) as web,
    ):
        assert (await web.settled(master)).lists == "append"
