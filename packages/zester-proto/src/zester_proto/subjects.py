"""Every subject of the bus, made and read in one place (bus.md 4)."""

from typing import Final, NamedTuple

from zester_proto.errors import BadId
from zester_proto.ids import check_jid, check_operator, from_token, is_jid, token

CMD_ALL: Final = "zester.cmd.all"
ACK_ALL: Final = "zester.ack.*.*"
HEARTBEAT_ALL: Final = "zester.hb.*"
HELLO_ALL: Final = "zester.peel.*.hello"
RENEW_ALL: Final = "zester.peel.*.renew"
BASKET_ALL: Final = "zester.peel.*.basket"
API_ALL: Final = "zester.api.*.*"
NOTE_ALL: Final = "zester.note.*"

MASTERS: Final = "zester.masters"
"""The queue group in which one master of all answers (spec/bus.md 1.1)."""


class FromPeel(NamedTuple):
    """Whose message it is, and about which job; the server vouches for the peel's name."""

    jid: str
    peel_id: str


def cmd_peel(peel_id: str) -> str:
    """Where a peel hears what is for it alone."""
    return f"zester.cmd.peel.{token(peel_id)}"


def ack(jid: str, peel_id: str) -> str:
    """Where a peel says that it has a job."""
    return f"zester.ack.{jid}.{token(peel_id)}"


def acks_of(jid: str) -> str:
    """Where the owner of a job hears its acks."""
    return f"zester.ack.{jid}.*"


def parse_ack(subject: str) -> FromPeel:
    """Read `zester.ack.<jid>.<id>`.

    Raises:
        BadId: it is no such subject.
    """
    parts = subject.split(".")
    if len(parts) != 4 or parts[:2] != ["zester", "ack"]:
        raise BadId(f"{subject!r} is not the subject of an ack")
    return FromPeel(check_jid(parts[2]), from_token(parts[3]))


def heartbeat(peel_id: str) -> str:
    """Where a peel's heartbeat goes."""
    return f"zester.hb.{token(peel_id)}"


def parse_heartbeat(subject: str) -> str:
    """Give the peel of `zester.hb.<id>`.

    Raises:
        BadId: it is no such subject.
    """
    parts = subject.split(".")
    if len(parts) != 3 or parts[:2] != ["zester", "hb"]:
        raise BadId(f"{subject!r} is not the subject of a heartbeat")
    return from_token(parts[2])


def peel_asks(peel_id: str, verb: str) -> str:
    """Where a peel asks the masters: verb is `hello`, `renew` or `basket`."""
    return f"zester.peel.{token(peel_id)}.{verb}"


def parse_peel_asks(subject: str) -> tuple[str, str]:
    """Read `zester.peel.<id>.<verb>` as (peel id, verb).

    Raises:
        BadId: it is no such subject.
    """
    parts = subject.split(".")
    if len(parts) != 4 or parts[:2] != ["zester", "peel"]:
        raise BadId(f"{subject!r} is not the subject of a peel's question")
    return from_token(parts[2]), parts[3]


def note(bucket: str) -> str:
    """Where masters say that a bucket changed."""
    return f"zester.note.{bucket}"


def event(peel_id: str, tag: str) -> str:
    """Where a peel's events go; the tag's words are joined by dots."""
    return f"zester.event.{token(peel_id)}.{tag}"


def api(operator: str, verb: str) -> str:
    """Where an operator asks the masters."""
    return f"zester.api.{check_operator(operator)}.{verb}"


def parse_api(subject: str) -> tuple[str, str]:
    """Read `zester.api.<operator>.<verb>` as (operator, verb).

    Raises:
        BadId: it is no such subject.
    """
    parts = subject.split(".")
    if len(parts) != 4 or parts[:2] != ["zester", "api"]:
        raise BadId(f"{subject!r} is not the subject of an operator's request")
    return check_operator(parts[2]), parts[3]


def page(operator: str, request_id: str) -> str:
    """Where a master's signed pages for one request go."""
    return f"zester.page.{check_operator(operator)}.{request_id}"


def job_event(jid: str, what: str) -> str:
    """Where the life of a job is told: `dispatch progress owner cancel closed`."""
    return f"zester.job.{jid}.{what}"


def audit(area: str, what: str, peel_id: str = "") -> str:
    """Where what matters to security is told; ends in the peel where there is one."""
    return f"zester.audit.{area}.{what}" + (f".{token(peel_id)}" if peel_id else "")


def inbox(name: str) -> str:
    """The prefix of a user's own replies; `name` as in its JWT."""
    return f"_INBOX_{name}"


def kv(bucket: str, key: str) -> str:
    """The subject on which a key of a bucket is stored."""
    return f"$KV.{bucket}.{key}"


def direct_get(bucket: str, key: str) -> str:
    """The subject that reads one key, answered by any replica."""
    return f"$JS.API.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{key}"


def return_key(jid: str, peel_id: str, part: int = 0) -> str:
    """The key of a return in `job-returns`; parts above 0 are its chunks."""
    return f"{jid}.{token(peel_id)}" + (f".{part}" if part else "")


class ReturnKey(NamedTuple):
    """What a key of `job-returns` says; part 0 is the head, written last."""

    jid: str
    peel_id: str
    part: int


def parse_return_key(key: str) -> ReturnKey:
    """Read `<jid>.<id>[.<n>]`.

    Raises:
        BadId: it is no such key.
    """
    parts = key.split(".")
    if len(parts) not in {2, 3} or not is_jid(parts[0]):
        raise BadId(f"{key!r} is not the key of a return")
    if len(parts) == 2:
        return ReturnKey(parts[0], from_token(parts[1]), 0)
    if not (parts[2].isascii() and parts[2].isdigit()) or len(parts[2]) > 4 or parts[2][0] == "0":
        raise BadId(f"{key!r} is not the key of a return")
    return ReturnKey(parts[0], from_token(parts[1]), int(parts[2]))
