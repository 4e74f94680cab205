"""What ties a job's record to the masters: a store in the wrong hands must not make them act.

A record is read back when a master takes a job over or runs it once more. What it makes a master do
is held by a keyed digest under the key that the masters share; who owns it at the time is not.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from zester_master.jobs.store import Gone
from zester_proto.codec import pack
from zester_proto.messages.records import JobRecord

_WHAT: Final = b"zester/job/v1"


def bound(key: bytes, record: JobRecord, ids: Sequence[str]) -> JobRecord:
    """Give a record with its bond.

    Args:
        key: the masters' common one.
        record: all of it but the bond.
        ids: the frozen list.
    """
    return msgspec.structs.replace(record, bond=_bond(key, record, ids))


def check(key: bytes, record: JobRecord, ids: Sequence[str], also: Sequence[bytes] = ()) -> None:
    """Make sure that masters wrote this record for this list; `also` are other keys of theirs.

    Raises:
        Gone: they did not.
    """
    if all(record.bond != _bond(one, record, ids) for one in (key, *also)):
        raise Gone(f"the record of job {record.jid} was not written by a master of this site")


def _bond(key: bytes, record: JobRecord, ids: Sequence[str]) -> bytes:
    # by name, so that a field that a newer master adds does not break what an older one reads
    what = [
        record.jid,
        record.operator,
        record.request,
        record.ask,
        record.function,
        record.first_issued,
        record.deadline,
        record.timeout,
        record.test,
        record.batch,
        record.batch_wait,
        record.canary,
        record.max_fail,
        list(ids),
        *([record.tree] if record.tree else []),
    ]
    return hashlib.blake2b(pack(what), digest_size=32, key=key, person=_WHAT).digest()
