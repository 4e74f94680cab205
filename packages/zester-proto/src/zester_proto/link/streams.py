"""The buckets and streams of the table: made, adjusted where nothing is lost, else reported."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

from zester_proto.buckets import BUCKETS, DUPLICATE_WINDOW, STREAMS, Bucket, Stream
from zester_proto.health import Condition
from zester_proto.link.errors import StoreRefused
from zester_proto.link.jsapi import NOT_FOUND, ask
from zester_proto.link.link import NatsLink

_NANO: Final = 1_000_000_000
_REPLICAS: Final = 10074
_NO_STORE: Final = 10049
"""JSStreamStoreFailed: the server could not make the stream's files."""

_WAITS: Final = (0.05, 0.2, 0.8)
"""Seconds between tries."""

_NO_REPLICAS: Final = frozenset({_REPLICAS, 10005})
"""err_code of `replicas > 1 not supported` and `no suitable peers`."""

Value = int | str | bool | list[str]
Config = Mapping[str, Value]


class Drift(NamedTuple):
    """A setting of a stream that is not as the table says.

    Attributes:
        name: the bucket's or stream's.
        field: JetStream's name of the setting.
        have: what it is.
        want: what the table says.
        lossless: changing it loses nothing, so `ensure` did it or tried to.
    """

    name: str
    field: str
    have: Any
    want: Any
    lossless: bool


class Report(NamedTuple):
    """What `ensure` did and found."""

    created: list[str]
    adjusted: list[Drift]
    drifts: list[Drift]
    conditions: list[Condition]


class _Info(msgspec.Struct, frozen=True):
    config: dict[str, Any]


Change = Literal["any", "up", "on", "off", "never"]

_SAFE: Final[dict[str, Change]] = {
    "num_replicas": "any",
    "duplicate_window": "any",
    "max_age": "up",
    "max_bytes": "up",
    "max_msg_size": "up",
    "max_msgs_per_subject": "up",
    "allow_rollup_hdrs": "off",
    "allow_direct": "on",
    "allow_msg_ttl": "on",
    "discard_new_per_subject": "on",
    "deny_delete": "on",
    "deny_purge": "on",
    "discard": "never",
    "subjects": "never",
    "storage": "never",
    "retention": "never",
    "max_msgs": "never",
    "max_consumers": "never",
}
"""What of a stream is compared, and which changes of it lose nothing."""


def config_of(one: Bucket | Stream, replicas: int) -> Config:
    """Give JetStream's configuration of a bucket or stream (bus.md 4, below the table).

    Args:
        one: the row of the table.
        replicas: on how many servers it lies.
    """
    common: dict[str, Value] = {
        "subjects": list(one.subjects),
        "retention": "limits",
        "max_consumers": -1,
        "max_msgs": -1,
        "max_bytes": one.max_bytes,
        "max_age": int(one.ttl * _NANO),
        "max_msg_size": one.max_msg_size,
        "discard": "new",
        "num_replicas": replicas,
        "duplicate_window": int(DUPLICATE_WINDOW * _NANO),
        "allow_direct": True,
        "allow_rollup_hdrs": False,
        "deny_delete": True,
    }
    if isinstance(one, Bucket):
        return common | {
            "name": one.stream,
            "storage": one.storage,
            "max_msgs_per_subject": one.history,
            "discard_new_per_subject": one.write_once,
            "allow_msg_ttl": one.message_ttl,
            "deny_purge": False,
        }
    return common | {
        "name": one.name,
        "storage": "file",
        "max_msgs_per_subject": -1,
        "discard_new_per_subject": False,
        "allow_msg_ttl": False,
        "deny_purge": one.permanent,
    }


def compare(name: str, have: Config, want: Config) -> list[Drift]:
    """Give the settings in which a stream differs from what it should be."""
    return [
        Drift(name, field, have.get(field), wanted, _is_safe(field, have.get(field), wanted))
        for field, wanted in want.items()
        if field in _SAFE and _plain(field, have.get(field)) != _plain(field, wanted)
    ]


def _plain(field: str, value: Any) -> Any:
    """Undo the ways in which JetStream spells one thing: absent, 0 and -1 for no limit."""
    if field in _UNLIMITED and (value is None or value <= 0):
        return 0
    if field == "subjects":
        return sorted(value or ())
    return False if value is None else value


_UNLIMITED: Final = frozenset({
    "max_age", "max_bytes", "max_msg_size", "max_msgs_per_subject", "max_msgs", "max_consumers",
})  # fmt: skip


def _is_safe(field: str, have: Any, want: Any) -> bool:
    change = _SAFE[field]
    if change == "up":
        return _plain(field, want) == 0 or 0 < _plain(field, have) < want
    return change == "any" or (change == "on" and want is True) or (change == "off" and not want)


class _Refusal(NamedTuple):
    name: str
    error: StoreRefused


class _Work(NamedTuple):
    """What one `ensure` has done so far."""

    created: list[str]
    adjusted: list[Drift]
    drifts: list[Drift]
    refused: list[_Refusal]


async def ensure(
    link: NatsLink,
    replicas: int = 1,
    *,
    adjust: bool = False,
    only: Callable[[str], bool] = lambda _name: True,
) -> Report:
    """Make every bucket and stream of the table, and adjust what is there where nothing is lost.

    Args:
        link: the bus, as a master.
        replicas: on how many servers each lies.
        adjust: change also what may lose something; a choice of the operator's.
        only: which names.

    Raises:
        LinkError: JetStream cannot be asked. What it refuses is a condition of the report.
    """
    work = _Work([], [], [], [])
    for one in (*BUCKETS, *STREAMS):
        if only(one.name):
            await _ensure_one(link, one, replicas, adjust, work)
    conditions = _conditions(work.refused, replicas)
    return Report(work.created, work.adjusted, work.drifts, conditions)


async def _ensure_one(
    link: NatsLink, one: Bucket | Stream, replicas: int, adjust: bool, work: _Work
) -> None:
    want = config_of(one, replicas)
    stream = str(want["name"])
    try:
        have = (await ask(link, f"STREAM.INFO.{stream}", {}, _Info)).config
    except StoreRefused as error:
        if error.err_code not in NOT_FOUND:
            raise
        await _create(link, one, want, work)
        return
    for drift in compare(one.name, have, want):
        if drift.lossless or adjust:
            # one by one, so that a setting that is refused keeps no other back
            have = await _update(link, stream, have, drift, work)
        else:
            work.drifts.append(drift)


async def _create(link: NatsLink, one: Bucket | Stream, want: Config, work: _Work) -> None:
    try:
        await _ask_to_create(link, want)
    except StoreRefused as error:
        work.refused.append(_Refusal(one.name, error))
        if error.err_code in _NO_REPLICAS and want["num_replicas"] != 1:
            # a site that works on one server beats one that waits for three
            await _create(link, one, {**want, "num_replicas": 1}, work)
    else:
        work.created.append(one.name)


async def _ask_to_create(link: NatsLink, want: Config) -> None:
    """Create a stream.

    A server that serves an account for the first time clears its folder, and may do so under a
    stream that is just being made: then it cannot make its store, and a moment later it can.

    Raises:
        StoreRefused: it is not made.
    """
    for delay in (*_WAITS, None):
        try:
            await ask(link, f"STREAM.CREATE.{want['name']}", want, _Info)
        except StoreRefused as error:
            if error.err_code != _NO_STORE or delay is None:
                raise
            await asyncio.sleep(delay)
        else:
            return


async def _update(link: NatsLink, stream: str, have: Config, drift: Drift, work: _Work) -> Config:
    changed = {**have, drift.field: drift.want}
    try:
        after = await ask(link, f"STREAM.UPDATE.{stream}", changed, _Info)
    except StoreRefused as error:
        work.drifts.append(drift)
        work.refused.append(_Refusal(drift.name, error))
        return have
    work.adjusted.append(drift)
    return after.config


def _conditions(refused: Iterable[_Refusal], replicas: int) -> list[Condition]:
    """Give one condition for each reason, however many buckets it hits."""
    names: dict[int, dict[str, StoreRefused]] = {}
    for name, error in refused:
        code = _REPLICAS if error.err_code in _NO_REPLICAS else error.err_code
        names.setdefault(code, {})[name] = error
    return [_condition(code, hit, replicas) for code, hit in names.items()]


def _condition(code: int, hit: Mapping[str, StoreRefused], replicas: int) -> Condition:
    which, error = ", ".join(hit), next(iter(hit.values()))
    if code == _REPLICAS:
        return Condition(
            code="buckets-replicas",
            severity="warning",
            text=f"JetStream cannot keep {replicas} copies of {which}",
            remedy=f"run at least {replicas} nats-servers as a cluster, or set jetstream_replicas",
        )
    return Condition(
        code=f"buckets-{code}",
        severity="error",
        text=f"JetStream refuses {which}: {error.message}",
        remedy=error.hint or "look at `zester-master buckets`, and into nats-server's log",
    )
