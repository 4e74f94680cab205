import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from zester_proto.link import (
    Disconnected,
    LinkError,
    LinkTimeout,
    Message,
    NatsLink,
    NoResponders,
    PermissionDenied,
    TooLarge,
)
from zester_proto.permissions import PEEL_PAYLOAD
from zester_proto.subjects import ack
from zester_testing.site import Bus

OpenLink = Callable[..., Awaitable[NatsLink]]
NewLink = Callable[..., NatsLink]
Reach = Callable[[NatsLink, int], Awaitable[None]]
JID = "2oHfKnCPMQnLEYQeBQsNtUiJp3r"


class Ear:
    """Collects messages and lets a test wait for them."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()

    async def __call__(self, message: Message) -> None:
        await self.queue.put(message)

    async def next(self) -> Message:
        async with asyncio.timeout(20):
            return await self.queue.get()


def open_questions(link: NatsLink) -> int:
    """Nothing else shows a leak."""
    session = link._keeper.session  # pyright: ignore[reportPrivateUsage]  # see above
    assert session is not None
    asking = link._asking  # pyright: ignore[reportPrivateUsage]  # see above
    return len(session.inbox._open) + len(asking)  # pyright: ignore[reportPrivateUsage]  # see above


async def test_a_question_gets_the_first_answer(bus: Bus, open_link: OpenLink):
    link = await open_link(bus)

    async def twice(message: Message) -> None:
        await link.publish(message.reply, b"1:" + message.data, headers={"A": "b"})
        await link.publish(message.reply, b"2")

    await link.subscribe("zester.test.ask", twice)
    answer = await link.request("zester.test.ask", b"x", headers={"H": "1"})

    assert answer.data == b"1:x"
    assert answer.headers == {"A": "b"}
    assert answer.subject.startswith("_INBOX_master-1.")


async def test_nobody_listening_is_told_at_once_and_silence_after_the_time(
    bus: Bus, open_link: OpenLink
):
    link = await open_link(bus)

    async def silent(_: Message) -> None: ...

    await link.subscribe("zester.test.silent", silent)
    with pytest.raises(NoResponders, match=r"zester\.test\.nobody"):
        await link.request("zester.test.nobody", seconds=20)
    with pytest.raises(LinkTimeout, match=r"no answer on zester\.test\.silent in 0\.05 s"):
        await link.request("zester.test.silent", seconds=0.05)
    with pytest.raises(LinkTimeout):
        await link.request_many("zester.test.silent", b"", last=bool, seconds=0.05)
    with pytest.raises(NoResponders):
        await link.request_many("zester.test.nobody", b"", last=bool)
    assert open_questions(link) == 0


async def test_messages_of_one_subscription_are_handled_in_order(bus: Bus, open_link: OpenLink):
    link = await open_link(bus)
    seen: list[bytes] = []
    done = asyncio.Event()

    async def handler(message: Message) -> None:
        await asyncio.sleep(0)
        seen.append(message.data)
        if len(seen) == 500:
            done.set()

    await link.subscribe("zester.test.order", handler)
    for number in range(500):
        await link.publish("zester.test.order", b"%d" % number)
    async with asyncio.timeout(20):
        await done.wait()

    assert seen == [b"%d" % number for number in range(500)]
    assert link.stats.messages_in >= 500
    assert link.stats.bytes_out >= 1000


async def test_a_handler_that_raises_or_is_cancelled_within_hears_on(
    bus: Bus, open_link: OpenLink, caplog: pytest.LogCaptureFixture
):
    link = await open_link(bus)
    ear = Ear()

    async def handler(message: Message) -> None:
        if message.data == b"raise":
            raise ValueError("boom")
        if message.data == b"cancel":
            future: asyncio.Future[None] = asyncio.Future()
            future.cancel()
            await future
        await ear(message)

    await link.subscribe("zester.test.bad", handler)
    for data in (b"raise", b"cancel", b"good"):
        await link.publish("zester.test.bad", data)

    assert (await ear.next()).data == b"good"
    assert link.stats.handler_errors == 2
    assert "the handler of a message failed" in caplog.text


async def test_one_of_a_queue_group_gets_each_message(bus: Bus, open_link: OpenLink):
    one, two = await open_link(bus), await open_link(bus)
    ear = Ear()
    await one.subscribe("zester.test.queue", ear, queue="q")
    await two.subscribe("zester.test.queue", ear, queue="q")
    await one.flush()
    await two.flush()
    for number in range(50):
        await one.publish("zester.test.queue", b"%d" % number)
    got = [(await ear.next()).data for _ in range(50)]
    await one.flush()
    await two.flush()

    assert sorted(got) == sorted(b"%d" % number for number in range(50))
    assert ear.queue.empty()


async def test_an_ended_subscription_hears_no_more(bus: Bus, open_link: OpenLink):
    link = await open_link(bus)
    ear, other = Ear(), Ear()
    subscription = await link.subscribe("zester.test.end", ear)
    await link.subscribe("zester.test.end", other)
    await link.publish("zester.test.end", b"1")
    await link.flush()
    await link.unsubscribe(subscription, drain=True)
    await link.publish("zester.test.end", b"2")

    assert [(await other.next()).data, (await other.next()).data] == [b"1", b"2"]
    assert (await ear.next()).data == b"1"
    assert ear.queue.empty()


async def test_a_message_too_large_is_refused_before_it_is_sent(bus: Bus, open_link: OpenLink):
    master = await open_link(bus)
    peel = await open_link(bus, bus.site.peel("web.1").credentials, max_payload=PEEL_PAYLOAD)

    with pytest.raises(TooLarge) as caught:
        await peel.publish(ack(JID, "web.1"), b"x" * (PEEL_PAYLOAD + 1))
    assert (caught.value.size, caught.value.limit) == (PEEL_PAYLOAD + 1, PEEL_PAYLOAD)
    assert "chunks" in caught.value.hint
    with pytest.raises(TooLarge):
        await peel.publish(ack(JID, "web.1"), b"x" * PEEL_PAYLOAD, headers={"A": "b"})
    with pytest.raises(TooLarge):
        await master.request("zester.test.x", b"x" * (9 << 20))
    await peel.publish(ack(JID, "web.1"), b"x" * PEEL_PAYLOAD)
    await peel.flush()
    assert peel.epoch == 1, "nothing of it cost the connection"


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB x 0\r\n", "a\tb"])
async def test_a_malformed_subject_never_reaches_the_wire(
    bus: Bus, open_link: OpenLink, subject: str
):
    link = await open_link(bus)

    with pytest.raises(LinkError, match="invalid subject"):
        await link.publish(subject)
    with pytest.raises(LinkError, match="invalid subject"):
        await link.subscribe(subject, Ear())
    with pytest.raises(LinkError, match="invalid header"):
        await link.publish("zester.test.x", headers={"a b": "c"})
    await link.flush()
    assert link.epoch == 1


async def test_what_is_declared_before_or_while_it_connects_is_heard(
    bus: Bus, new_link: NewLink, open_link: OpenLink
):
    other = await open_link(bus)
    link = new_link(bus.site, bus.url, bus.site.master.credentials)
    ear = Ear()
    with pytest.raises(LinkError, match="invalid subject"):
        await link.subscribe("a..b", ear)
    link.start()
    for number in range(200):
        await link.subscribe(f"zester.test.early.{number}", ear)
        await asyncio.sleep(0)
    await link.wait_connected(20)
    await link.flush()
    for number in range(200):
        await other.publish(f"zester.test.early.{number}", b"x")

    heard = [(await ear.next()).subject for _ in range(200)]
    assert sorted(heard) == sorted(f"zester.test.early.{number}" for number in range(200))
    assert ear.queue.empty()


@pytest.mark.parametrize(
    "subject", ["", ".", "a.", ".a", "a..b", "a b", "a.>.b", "a*", "a.b>", "a\nb", "a.*b"]
)
async def test_a_malformed_subscription_is_refused_before_any_connection(
    bus: Bus, new_link: NewLink, subject: str
):
    link = new_link(bus.site, bus.url, bus.site.master.credentials)
    with pytest.raises(LinkError, match="invalid subject"):
        await link.subscribe(subject, Ear())
    for good in ("a", "a.*.b", "a.>", ">", "*", "$KV.x.a=2Eb"):
        await link.subscribe(good, Ear())


async def test_a_denied_question_is_told_at_once_by_its_subject(bus: Bus, open_link: OpenLink):
    peel = await open_link(bus, bus.site.peel("web.1").credentials)

    with pytest.raises(PermissionDenied) as caught:
        await peel.request(ack(JID, "other"), seconds=20)
    assert caught.value.subject == ack(JID, "other")
    assert caught.value.publishing
    assert "credentials" in caught.value.hint
    assert peel.stats.denied == 1


async def test_a_denied_message_and_subscription_are_counted_logged_and_told(
    bus: Bus, open_link: OpenLink, caplog: pytest.LogCaptureFixture
):
    peel = await open_link(bus, bus.site.peel("web.1").credentials)
    told: list[PermissionDenied] = []
    subscription = await peel.subscribe("zester.cmd.peel.Other", Ear(), on_denied=told.append)
    await peel.publish("zester.cmd.all", b"obey me")
    await peel.flush()

    assert [error.subject for error in told] == ["zester.cmd.peel.Other"]
    assert subscription.denied is told[0]
    assert not told[0].publishing
    assert peel.stats.denied == 2
    assert "does not let us publish on zester.cmd.all" in caplog.text
    assert peel.connected


async def test_without_a_connection_nothing_is_sent_now_or_later(
    own_bus: Bus, open_link: OpenLink, reach: Reach
):
    link = await open_link(own_bus)
    ear = Ear()
    await link.subscribe("zester.test.later", ear)
    own_bus.server.kill()
    with contextlib.suppress(Disconnected):
        while True:  # the loss is noticed by the link's own task
            await link.publish("zester.test.later", b"lost")
            await asyncio.sleep(0)
    with pytest.raises(Disconnected, match="not connected"):
        await link.request("zester.test.later")
    with pytest.raises(Disconnected):
        await link.flush()
    own_bus.server.start_again()
    await reach(link, 2)
    await link.publish("zester.test.later", b"new")

    assert (await ear.next()).data == b"new"
    assert ear.queue.empty()


async def test_after_a_kill_and_restart_everything_is_heard_again(
    own_bus: Bus, open_link: OpenLink, reach: Reach
):
    link = await open_link(own_bus)
    ear, epochs, reasons = Ear(), list[int](), list[LinkError]()

    async def connected(epoch: int) -> None:
        epochs.append(epoch)
        raise ValueError("a hook that fails ends nothing")

    async def lost(reason: LinkError) -> None:
        reasons.append(reason)
        raise ValueError("the same")

    link.on_connected(connected)
    link.on_disconnected(lost)
    await link.subscribe("zester.test.again", ear)
    for round_ in (2, 3, 4):
        asking = asyncio.create_task(link.request("zester.test.again", seconds=60))
        await ear.next()
        own_bus.server.kill()
        async with asyncio.timeout(20):
            with pytest.raises(Disconnected):
                await asking
        late = await link.subscribe(f"zester.test.late{round_}", ear)
        own_bus.server.start_again()
        await reach(link, round_)
        await link.publish("zester.test.again", b"%d" % round_)
        assert (await ear.next()).data == b"%d" % round_
        await link.publish(f"zester.test.late{round_}", b"late")
        assert (await ear.next()).data == b"late"
        await link.unsubscribe(late)

    assert epochs == [2, 3, 4]
    assert all(isinstance(reason, Disconnected) for reason in reasons)
    assert len(reasons) == 3
    assert link.stats.reconnects == 3
    assert link.problem is None


async def test_a_hook_is_cancelled_when_its_connection_ends(
    own_bus: Bus, open_link: OpenLink, reach: Reach
):
    link = await open_link(own_bus)
    ended: asyncio.Queue[int] = asyncio.Queue()

    async def hook(epoch: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.put_nowait(epoch)

    unhook = link.on_connected(hook)
    await link.reconnect()
    await reach(link, 2)
    await link.reconnect()
    async with asyncio.timeout(20):
        assert await ended.get() == 2
    unhook()


async def test_a_frozen_server_is_noticed_by_its_missing_pongs(
    own_bus: Bus, open_link: OpenLink, reach: Reach
):
    link = await open_link(own_bus, ping_interval=0.1, connect_timeout=0.5)
    lost = asyncio.Event()

    async def hook(_: LinkError) -> None:
        lost.set()

    link.on_disconnected(hook)
    own_bus.server.freeze()
    async with asyncio.timeout(20):
        await lost.wait()
    own_bus.server.thaw()

    await reach(link, 2)


async def test_draining_handles_what_has_arrived_and_leaves_no_task(bus: Bus, open_link: OpenLink):
    before = asyncio.all_tasks()
    link = await open_link(bus)
    handled: list[bytes] = []
    started = asyncio.Event()

    async def slow(message: Message) -> None:
        started.set()
        await asyncio.sleep(0.01)
        handled.append(message.data)

    await link.subscribe("zester.test.drain", slow)
    for number in range(10):
        await link.publish("zester.test.drain", b"%d" % number)
    await link.flush()
    await started.wait()
    await link.drain()

    assert len(handled) == 10
    assert asyncio.all_tasks() == before
    with pytest.raises(Disconnected):
        await link.publish("zester.test.drain")


async def test_draining_a_link_with_a_handler_that_hangs_ends_in_time(
    bus: Bus, open_link: OpenLink
):
    before = asyncio.all_tasks()
    link = await open_link(bus)
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hangs(_: Message) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await link.subscribe("zester.test.hang", hangs)
    await link.publish("zester.test.hang")
    await started.wait()
    async with asyncio.timeout(20):
        await link.drain(0.2)

    assert cancelled.is_set()
    assert asyncio.all_tasks() == before


async def test_closing_while_the_server_is_away_leaves_no_task(own_bus: Bus, open_link: OpenLink):
    before = asyncio.all_tasks()
    link = await open_link(own_bus)
    await link.subscribe("zester.test.x", Ear())
    own_bus.server.kill()
    with contextlib.suppress(Disconnected):
        await link.request("zester.test.x")
    async with asyncio.timeout(20):
        await link.drain()

    assert asyncio.all_tasks() == before


async def test_a_slow_handlers_messages_are_bounded_and_counted(bus: Bus, open_link: OpenLink):
    link = await open_link(bus)
    go = asyncio.Event()

    async def slow(_: Message) -> None:
        await go.wait()

    await link.subscribe("zester.test.slow", slow, pending_bytes=10_000)
    for _ in range(100):
        await link.publish("zester.test.slow", b"x" * 1000)
    await link.flush()
    go.set()

    assert link.stats.dropped > 80
    assert link.connected


async def test_a_cancelled_question_leaves_nothing_behind(bus: Bus, open_link: OpenLink):
    link = await open_link(bus)
    ear = Ear()
    await link.subscribe("zester.test.cancel", ear)
    asking = asyncio.create_task(link.request("zester.test.cancel", seconds=60))
    await ear.next()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert open_questions(link) == 0


async def test_a_writer_that_waits_for_room_can_be_cancelled(own_bus: Bus, open_link: OpenLink):
    link = await open_link(own_bus)

    async def flood() -> None:
        while True:
            await link.publish("zester.test.flood", b"x" * 1_000_000)

    own_bus.server.freeze()
    task = asyncio.create_task(flood())
    done, _ = await asyncio.wait([task], timeout=1.0)
    assert not done, "the server takes nothing, so it waits"
    task.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await task
    own_bus.server.thaw()
