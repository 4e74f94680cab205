"""What a stored job does, read back from its record: by another master, or once more."""

from zester_master.context import Context
from zester_master.jobs import store
from zester_proto.codec import Raw, decode, pack
from zester_proto.errors import CodecError
from zester_proto.identity.sealing import SealError
from zester_proto.messages.operators import AgainAsk, Request, RunAsk
from zester_proto.messages.records import JobRecord
from zester_proto.messages.trust import Signed


def asked_of(context: Context, record: JobRecord) -> tuple[RunAsk, str]:
    """Give what the operator asked, and the id of the request if pages are wanted.

    Raises:
        Gone: it cannot be read.
    """
    if not record.request:
        return own_ask(record.jid, record.target, record.function, record.timeout), ""
    key = context.keys.returning
    try:
        plain = store.open_request(key, record.jid, record.request)
        request = decode(decode(plain, Signed).body, Request)
        if record.ask:
            whole = decode(store.open_request(key, record.jid, record.ask), RunAsk)
            follow = decode(bytes(request.arguments), AgainAsk).follow
        else:
            whole = decode(bytes(request.arguments), RunAsk)
            follow = whole.follow
    except (SealError, CodecError) as error:
        raise store.Gone(f"the request of job {record.jid} cannot be read: {error}") from error
    return whole, request.id if follow else ""


def own_ask(jid: str, target: str, function: str, timeout: float) -> RunAsk:
    """Give what a master's own job asks: a function without arguments."""
    return RunAsk(
        jid=jid,
        target=target,
        function=function,
        args=Raw(pack([])),
        kwargs=Raw(pack({})),
        timeout=timeout,
        follow=False,
    )
