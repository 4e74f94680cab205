"""`key=secret:NAME`: the job holds names, and each peel gets the values sealed for it alone."""

import contextlib
import time
from collections.abc import AsyncGenerator
from typing import NamedTuple

import pytest

from zester_cli.errors import RoleRefused, UsageError
from zester_master.jobs.asking import asked_of
from zester_master.jobs.dispatch import Dispatch
from zester_master.jobs.store import read
from zester_master.secrets.record import SecretRecord
from zester_master.secrets.store import SecretStore
from zester_proto.codec import decode, unpack
from zester_proto.identity.sealing import SealError, open_from
from zester_proto.ids import new_jid
from zester_proto.link import kv
from zester_proto.link.watch import follow as follow_stream
from zester_proto.messages.jobs import Job, ToOne
from zester_proto.messages.operators import AgainAsk
from zester_proto.messages.settings import JobSecrets, job_secrets_aad
from zester_proto.messages.trust import Signed
from zester_proto.permissions import Role
from zester_testing.masters import Master, Operator, eventually
from zester_testing.raw_peel import RawPeel
from zester_testing.site import Bus

CANARY = "correct-horse-battery-staple"


class Stage(NamedTuple):
    """A master with secrets, an operator, and two peels that obey."""

    master: Master
    operator: Operator
    peels: list[RawPeel]


def store_of(master: Master) -> SecretStore:
    context = master.context
    return SecretStore(context.link, context.keys.settings, "master-1", time.time)


async def keep(master: Master, name: str, value: str, role: Role = Role.ADMIN) -> None:
    """Set a secret, and wait until the master knows it."""
    store = store_of(master)
    record = SecretRecord(name=name, value=value, changed=1.0, role=role)
    await store.put(record, await store.get(name))
    secrets = master.context.secrets

    def known() -> bool:
        found = secrets.find(name)
        return found is not None and found.value == value

    await eventually(known, f"the master knows {name}")


@pytest.fixture
async def stage(bus: Bus) -> AsyncGenerator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        master = await stack.enter_async_context(Master.up(bus))
        peels = [await stack.enter_async_context(RawPeel.up(bus, name)) for name in ("a", "b")]
        await master.sees("a", "b")
        operator = await stack.enter_async_context(Operator.up(bus))
        await keep(master, "db/password", CANARY)
        yield Stage(master, operator, peels)


def opened(peel: RawPeel, job: Job, owner: str = "") -> dict[str, str]:
    """Open what came for a peel, as that peel or another would."""
    site = peel.identity.trust.site
    aad = job_secrets_aad(site, owner or peel.id, job.jid)
    signed = decode(open_from(peel.identity.box, aad, job.sealed), Signed)
    body, _ = peel.identity.trust.verify_master(signed, "secrets")
    said = decode(body, JobSecrets)
    assert (said.site, said.peel, said.jid) == (site, peel.id, job.jid)
    return said.values


async def test_each_peel_gets_the_value_sealed_for_it_and_none_by_broadcast(stage: Stage):
    told = await stage.operator.run("*", "test.echo", kwargs={"password": "secret:db/password"})

    assert told.outcomes == {"a": "ok", "b": "ok"}
    jobs = [await peel.job() for peel in stage.peels]
    assert [job.to for job in jobs] == [ToOne(id="a"), ToOne(id="b")]
    assert all(unpack(bytes(job.kwargs)) == {"password": "secret:db/password"} for job in jobs)
    assert all(job.needs == ("job-secrets",) for job in jobs)
    for peel, job in zip(stage.peels, jobs, strict=True):
        assert opened(peel, job) == {"db/password": CANARY}
    with pytest.raises(SealError):
        opened(stage.peels[1], jobs[0], "a")


async def test_job_and_journal_hold_the_name_alone(stage: Stage):
    told = await stage.operator.run("*", "test.echo", "secret:db/password")

    link, jid = stage.master.context.link, told.info["jid"]
    assert told.info["arguments"] == ["#1=secret:db/password"]
    await stage.master.context.journal.flush()
    found = await read(link, jid)
    assert found is not None
    ask, _ = asked_of(stage.master.context, found.record)
    assert unpack(bytes(ask.args)) == ["secret:db/password"]
    async with follow_stream(link, "job-events", ">") as events:
        batch = await anext(aiter(events))
    jobs = await kv.get_many(link, "jobs")
    stored = [one.value for one in (*batch.entries, *jobs.values())]
    assert len(stored) > 4
    assert not any(CANARY.encode() in value for value in stored)


async def test_a_job_that_names_no_secret_that_is_there_goes_nowhere(stage: Stage):
    with pytest.raises(UsageError, match="no secret 'db/passwords'") as refused:
        await stage.operator.run("*", "test.echo", "secret:db/passwords")
    assert "did you mean db/password" in str(refused.value.hint)
    assert stage.peels[0].jobs == []


async def test_a_secret_is_for_the_role_that_its_record_says(bus: Bus, stage: Stage):
    await keep(stage.master, "shared", "for-operators-too", Role.OPERATOR)
    async with Operator.up(bus, Role.OPERATOR) as operator:
        with pytest.raises(RoleRefused, match="'db/password'"):
            await operator.run("a", "test.echo", "secret:db/password")
        assert (await operator.run("a", "test.echo", "secret:shared")).outcomes == {"a": "ok"}
    assert opened(stage.peels[0], stage.peels[0].jobs[0]) == {"shared": "for-operators-too"}


async def test_a_rerun_and_another_owner_seal_the_value_of_their_day(stage: Stage):
    first = await stage.operator.run("a", "test.echo", "secret:db/password")
    await keep(stage.master, "db/password", "rotated-since")

    ask = AgainAsk(jid=new_jid(), parent=first.info["jid"], part="all")
    await stage.operator.to_end("rerun", ask)
    assert opened(stage.peels[0], await stage.peels[0].job(2)) == {"db/password": "rotated-since"}

    # as whoever takes the first one over reads it back
    context = stage.master.context
    found = await read(context.link, first.info["jid"])
    assert found is not None
    again, _ = asked_of(context, found.record)
    await Dispatch(context, found.record, again, found.revision + 1).send(["a"], everybody=True)
    sent = await stage.peels[0].job(3)
    assert sent.to == ToOne(id="a")
    assert opened(stage.peels[0], sent) == {"db/password": "rotated-since"}


async def test_who_has_no_key_is_refused_and_asked_nothing(stage: Stage):
    stage.master.context.boxes.drop("b")

    told = await stage.operator.run("*", "test.echo", "secret:db/password")

    assert told.outcomes == {"a": "ok", "b": "refused"}
    assert "key is not known" in told.result("b").error
    assert stage.peels[1].jobs == []
