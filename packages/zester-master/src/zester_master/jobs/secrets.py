"""Secrets as arguments of jobs: looked up, allowed, and sealed for each peel (settings.md 2).

What is stored and told of such a job holds their names alone; a master that takes it over, or runs
it once more, looks the values up anew.
"""

from collections.abc import Sequence
from typing import Final

from zester_master.api.requests import Asked, Denied
from zester_master.context import Context
from zester_master.secrets.record import ROLES
from zester_proto.codec import encode, unpack
from zester_proto.identity.sealing import seal_to
from zester_proto.messages.operators import RunAsk
from zester_proto.messages.settings import JobSecrets, job_secrets_aad
from zester_proto.secrets.references import named_by, names_in

MOST: Final = 128 * 1024
"""Bytes of all secrets of one job: its message must fit into what a peel may receive."""


def secrets_of(ask: RunAsk) -> tuple[str, ...]:
    """Give the names of the secrets that the arguments of a job stand for."""
    return names_in(unpack(bytes(ask.args)), unpack(bytes(ask.kwargs)))


async def check(context: Context, asked: Asked, ask: RunAsk) -> None:
    """Refuse a job with a secret that is not there, or not for who asks.

    Raises:
        Denied: the text names it.
    """
    names = secrets_of(ask)
    if not names:
        return
    await context.secrets.want(names)
    size = 0
    for name in names:
        record = context.secrets.find(name)
        if record is None:
            lacking = context.secrets.lacking(name, _allowed(context, asked.role))
            raise Denied("usage", lacking.message, hint=lacking.hint)
        if not _may(asked.role, record.role):
            raise Denied(
                "role",
                f"the role {asked.role} of {asked.operator} may not hand on the secret {name!r}",
                hint=f"on a master: zester-master secret set {name} --role {asked.role}",
            )
        size += len(record.value.encode())
    if size > MOST:
        raise Denied(
            "usage",
            f"the secrets of this job have {size} bytes, at most {MOST} travel",
            hint="put large ones into settings",
        )


def _may(role: str, least: str) -> bool:
    return role in ROLES and least in ROLES and ROLES.index(role) >= ROLES.index(least)  # pyright: ignore[reportArgumentType]


def _allowed(context: Context, role: str) -> list[str]:
    found = ((name, context.secrets.find(name)) for name in context.secrets.names())
    return [name for name, record in found if record is not None and _may(role, record.role)]


def shown(name: str, value: object) -> str:
    """Give what may be told of an argument: its name, and that of the secret it stands for."""
    secret = named_by(value)
    return name if secret is None else f"{name}=secret:{secret}"


def sealed_for(context: Context, peel_id: str, jid: str, names: Sequence[str]) -> bytes:
    """Seal the secrets of a job for one peel; nothing if its key is not known.

    A secret that was removed meanwhile is left out, and the peel refuses.
    """
    public = context.boxes.public(peel_id)
    if public is None:
        return b""
    records = (context.secrets.find(name) for name in names)
    values = {one.name: one.value for one in records if one is not None}
    body = JobSecrets(site=context.site, peel=peel_id, jid=jid, values=values)
    aad = job_secrets_aad(context.site, peel_id, jid)
    return seal_to(public, aad, context.signed("secrets", encode(body)))
