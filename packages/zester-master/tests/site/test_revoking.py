"""`zester-master peel revoke`: a peel in the middle of its life is cut off, and stays out."""

import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from zester_cli.errors import NobodyMatched
from zester_master.config import MasterConfig
from zester_master.fleet import cutoff, revoked
from zester_master.secrets.record import SecretRecord
from zester_master.secrets.store import SecretStore
from zester_master.site import revoking
from zester_master.site.accounts import account_jwt
from zester_master.site.revocations import revocation_key, sealed_revocation
from zester_proto.codec import decode, encode
from zester_proto.errors import ZesterError
from zester_proto.identity.jwt import BadJwt
from zester_proto.identity.keyfile import read_seed
from zester_proto.link import LinkOptions, NatsLink, kv
from zester_proto.messages.operators import TargetAsk
from zester_proto.messages.records import Audit
from zester_proto.messages.settings import BUNDLES
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw import Refused
from zester_testing.raw_peel import RawPeel, silence
from zester_testing.sealed_peel import SealedPeel, contents
from zester_testing.site import Bus

COMMAND = str(Path(sys.executable).with_name("zester-master"))


class Stage(NamedTuple):
    """A master with a settings tree and a secret, and an operator."""

    bus: Bus
    master: Master
    operator: Operator
    config: Path

    async def revoke(self, *words: str) -> tuple[int, str]:
        """Run the command to its end."""
        process = await asyncio.create_subprocess_exec(
            COMMAND, "peel", "revoke", *words, "--config", str(self.config),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()

    async def stored(self, bucket: str, key: str) -> bool:
        """Say whether anything lies there."""
        return await kv.get(self.master.context.link, bucket, key, fresh=True) is not None

    async def state(self, peel_id: str) -> str:
        """Give what `zester peel list` says of a peel."""
        return (await self.operator.rows("peels", TargetAsk(target=peel_id)))[peel_id]["state"]


@pytest.fixture
async def stage(own_bus: Bus, tmp_path: Path) -> AsyncGenerator[Stage]:
    tree = tmp_path / "settings"
    tree.mkdir()
    (tree / "top.zy").write_text("base:\n  'web-*': [web]\n  'late': [web]\n")
    (tree / "web.zy").write_text("key: !secret web/key\nport: 1\n")
    config = tmp_path / "master.yaml"
    config.write_text(
        f"auth_dir: {own_bus.site.paths.master}\nnats_url: [{own_bus.url}]\nsettings_dir: {tree}\n"
    )
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(own_bus, settings_dir=tree))
        context = master.context
        store = SecretStore(context.link, context.keys.settings, "master-1", time.time)
        await store.put(SecretRecord(name="web/key", value="canary-1", changed=1.0), None)
        operator = await stack.enter_async_context(Operator.up(own_bus))
        yield Stage(own_bus, master, operator, config)


async def gets_in(bus: Bus, peel: RawPeel) -> bool:
    try:
        raw = await bus.raw(peel.identity.credentials)
    except Refused:
        return False
    await raw.close()
    return True


async def test_a_peel_is_cut_off_in_mid_life_and_others_go_on(stage: Stage, tmp_path: Path) -> None:
    bus, master = stage.bus, stage.master
    async with (
        SealedPeel.up(bus, "web-1", tmp_path, silence) as bad,
        SealedPeel.up(bus, "web-2", tmp_path) as good,
    ):
        before, other = await bad.settled(master), await good.settled(master)
        await bad.raw.share("addresses", "10.0.0.1")
        jid = await stage.operator.start("*", timeout=600)
        await bad.raw.ack(await bad.raw.job())

        code, said = await stage.revoke("web-1", "--why", "stolen")

        nkey = bad.raw.identity.credentials.key.public
        assert code == 0, said
        assert nkey in said
        assert "Change what it may have read: web/key" in said
        await eventually(lambda: not bad.raw.link.connected, "its connection is cut")
        assert not await gets_in(bus, bad.raw)
        assert (await stage.operator.follow(jid)).outcomes == {"web-1": "refused", "web-2": "ok"}

        after = await good.settled(master, after=other.generation)
        await eventually(lambda: gone(stage, "web-1"), "its facts, values and bundle are gone")
        assert after.files[0].key != before.files[0].key
        assert await contents(master, after, "web.zy")
        assert await gets_in(bus, good.raw)
        assert (await stage.operator.run("*")).outcomes == {"web-2": "ok"}

    assert "web-1" not in master.context.index
    assert master.context.boxes.public("web-1") is None
    peels = await stage.operator.rows("peels", TargetAsk())
    assert peels["web-1"]["state"] == "revoked"
    assert "stolen" in peels["web-1"]["problem"]
    for target in ("web-1", "L@web-1"):
        with pytest.raises(NobodyMatched, match="web-1 is revoked"):
            await stage.operator.run(target)
    link = master.context.link
    answer = await link.request("$JS.API.DIRECT.GET.job-events.zester.audit.peel.revoked.web-1")
    assert decode(answer.data, Audit).data["why"] == "stolen"


async def gone(stage: Stage, peel_id: str) -> bool:
    places = [("facts", peel_id), (BUNDLES, peel_id), ("basket", f"{peel_id}.addresses")]
    return not any([await stage.stored(*place) for place in places])


async def test_its_keys_count_no_more_and_other_keys_do_after_a_restart_too(
    stage: Stage, tmp_path: Path
) -> None:
    bus, master = stage.bus, stage.master
    async with SealedPeel.up(bus, "web-1", tmp_path) as old:
        first = await old.settled(master)
        assert (await stage.revoke("web-1"))[0] == 0
        await eventually(lambda: gone(stage, "web-1"), "what it said is gone")
        with pytest.raises(BadJwt, match="revoked"):
            master.agent.renewing.renewed("web-1", old.raw.identity.credentials.jwt)
        # its facts again, as whoever runs the server could put them
        message = old.raw.facts_message({"id": "web-1"})
        await kv.put(master.context.link, "facts", "web-1", encode(message))
        await eventually(lambda: gone(stage, "web-1"), "they are not believed")

        # an older record, as whoever runs the server could put it
        known = master.context.revoked["web-1"]
        older = msgspec.structs.replace(known, at=known.at - 60, nkeys={})
        sealed = sealed_revocation(master.context.keys.settings, older)
        await kv.put(master.context.link, "site", revocation_key("web-1"), sealed)
        await revoking.revoke(
            MasterConfig(auth_dir=bus.site.paths.master, nats_url=(bus.url,)), "web-2", unseen=True
        )
        await eventually(lambda: "web-2" in master.context.revoked, "what came after it is read")
        assert master.context.revoked["web-1"].at == known.at
        again = sealed_revocation(master.context.keys.settings, known)
        await kv.put(master.context.link, "site", revocation_key("web-1"), again)

        bus.server.stop()
        bus.server.start_again()
        await eventually(lambda: master.context.link.connected, "the master is back")
        assert not await gets_in(bus, old.raw)
        async with Master.up(bus) as second:
            assert second.context.is_revoked("web-1")

        shutil.rmtree(bus.site.peel_folder("web-1"))
        async with SealedPeel.up(bus, "web-1", tmp_path / "anew") as new:
            bundle = await new.settled(master, after=first.generation)
            assert bundle.secrets == {"web/key": "canary-1"}
            assert await stage.state("web-1") == "present"
        assert not await gets_in(bus, old.raw)


async def test_who_was_never_seen_is_cut_off_when_it_comes(stage: Stage) -> None:
    bus = stage.bus
    thief = bus.site.peel("late")
    code, said = await stage.revoke("late")
    assert code == 3
    assert "was ever seen" in said
    assert (await stage.revoke("late", "--unseen"))[0] == 0

    async with RawPeel.up(bus, "late", identity=thief) as peel:
        await eventually(lambda: not peel.link.connected, "it is cut off")
        assert not await gets_in(bus, peel)
    assert await stage.state("late") == "revoked"


async def test_an_older_account_that_somebody_pushed_is_replaced(stage: Stage) -> None:
    bus, master, record = stage.bus, stage.master, stage.bus.site.master.commons.record
    signer = read_seed(bus.site.auth.operator_signer, "operator")
    push = bus.site.master.push
    assert push is not None
    async with RawPeel.up(bus, "web-1") as peel:
        await master.sees("web-1")
        assert (await stage.revoke("web-1"))[0] == 0
        async with NatsLink(LinkOptions(urls=(bus.url,), creds=push, ca=bus.site.ca)) as link:
            await link.connect_once()
            old = account_jwt(record, "PEELS", signer, issued=int(time.time()) - 10)
            await link.request(cutoff.PUSH, old.encode())
            assert await gets_in(bus, peel)

            await master.agent.cutoff.bring(link)

            assert not await gets_in(bus, peel)


async def test_where_no_master_may_push_the_command_and_a_condition_say_so(
    stage: Stage, own_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoking, "PATIENCE", 0.3)
    monkeypatch.setattr(revoked, "LATE", 0.0)
    monkeypatch.setattr(cutoff, "LOOK", 0.1)
    stage.master.agent.cutoff._push = None  # pyright: ignore[reportPrivateUsage]  # as add-master --no-issuer
    async with RawPeel.up(own_bus, "web-1") as peel:
        await stage.master.sees("web-1")
        config = MasterConfig(auth_dir=own_bus.site.paths.master, nats_url=(own_bus.url,))

        done = await revoking.revoke(config, "web-1")

        assert not done.in_force
        code = "revocation-not-in-force"
        await eventually(lambda: code in stage.master.conditions(), "it is told")
        assert "web-1" in stage.master.conditions()[code]
        assert "web-1" not in stage.master.context.index
        assert await gets_in(own_bus, peel)
        assert "revoked" in (await peel.read_basket("*", "addresses")).problem


async def test_a_name_that_is_none_is_told(stage: Stage) -> None:
    async with RawPeel.up(stage.bus, "web-1"):
        await stage.master.sees("web-1")
        config = MasterConfig(auth_dir=stage.bus.site.paths.master, nats_url=(stage.bus.url,))
        with pytest.raises(ZesterError, match="was ever seen") as told:
            await revoking.revoke(config, "web-11")
        assert "web-1" in told.value.hint
