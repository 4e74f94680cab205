"""Reading the books of jobs for operators: what the store says no to becomes their answer."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from zester_master.api.requests import Denied
from zester_master.jobs import store
from zester_proto.link import LinkError, NatsLink

T = TypeVar("T")


async def reading(work: Coroutine[Any, Any, T]) -> T:
    """Give what was read.

    Raises:
        Denied: it cannot be.
    """
    try:
        return await work
    except (LinkError, store.Gone) as error:
        raise Denied(
            "unavailable",
            f"the store cannot be read: {error.message}",
            hint="look at the nats-servers (zester status), then ask again",
        ) from error


async def find(link: NatsLink, jid: str) -> store.Found:
    """Give a job's record.

    Raises:
        Denied: there is none, or it cannot be read.
    """
    found = await reading(store.read(link, jid))
    if found is None:
        raise Denied("unknown", f"there is no job {jid}", hint="zester job list")
    return found
