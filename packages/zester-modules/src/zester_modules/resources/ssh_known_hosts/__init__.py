"""ssh_known_hosts.present and ssh_known_hosts.absent: keys by which ssh knows hosts."""

import base64
import binascii
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Resource, Scope
from zester_modules.resources import whole_file as whole
from zester_modules.resources.ssh_auth import place
from zester_modules.resources.whole_file import Edit
from zester_modules.tables import known_hosts
from zester_modules.tables.known_hosts import Line

EVERYBODY: Final = "/etc/ssh/ssh_known_hosts"
FIRST: Final = 33
"""The first sign of a word that can be printed."""


class Absent(msgspec.Struct, frozen=True, kw_only=True):
    """Have ssh know no key of a host."""

    name: Annotated[str, Meta(description="the host, as ssh is told it")]
    user: Annotated[str, Meta(description="whose ssh; without one, everybody's")] = ""
    config: Annotated[str, Meta(description="the file; %h is the home, %u the user")] = ""
    port: Annotated[int, Meta(description="where its sshd listens", ge=1, le=65535)] = 22


class Present(Absent, frozen=True, kw_only=True):
    """Have ssh know the key of a host."""

    key: Annotated[str, Meta(description="the key in Base64")] = ""
    enc: Annotated[str, Meta(description="the key's type")] = "ssh-rsa"
    hash_known_hosts: Annotated[bool, Meta(description="hide the host's name")] = True


def check_present(params: Present, scope: Scope) -> Plan:
    """Look whether ssh knows that key, and no other of its type."""
    _refuse(params)
    host = known_hosts.host_word(params.name, params.port)
    path, data = _file(params, scope)
    lines = known_hosts.parse(data or b"")
    of_type = [one for one in lines if one.enc == params.enc and known_hosts.names(one, host)]
    if of_type and all(one.key == params.key for one in of_type):
        return Plan(comment=f"ssh knows that key of {host}")
    line = known_hosts.made(host, params.enc, params.key, hashed=params.hash_known_hosts)
    after = known_hosts.with_line(known_hosts.without(lines, host, params.enc), line)
    return _planned(params, scope, path, data, after)


def check_absent(params: Absent, scope: Scope) -> Plan:
    """Look whether ssh knows the host."""
    if params.user and scope.machine.users().get(params.user) is None:
        return Plan(comment=f"there is no user {params.user}")
    host = known_hosts.host_word(params.name, params.port)
    path, data = _file(params, scope)
    lines = known_hosts.parse(data or b"")
    if not any(known_hosts.names(one, host) for one in lines):
        return Plan(comment=f"ssh knows no key of {host}")
    return _planned(params, scope, path, data, known_hosts.without(lines, host))


def apply(plan: Plan, scope: Scope) -> Changes:
    """Replace the file; one in a home stays its user's."""
    return (place if isinstance(plan.todo, place.Keys) else whole).apply(plan, scope)


def _refuse(params: Present) -> None:
    name, enc = params.name, params.enc
    if not params.key:
        raise HostProblem(
            f"no key is given for {name}",
            hint="give `key` and `enc`: a key that is fetched from the host itself proves nothing",
        )
    if not name or any(sign in ",*?!|#@" or ord(sign) < FIRST for sign in name):
        raise HostProblem(f"{name!r} is no name of a host")
    try:
        told = base64.b64decode(params.key, validate=True)
    except binascii.Error:
        told = b""
    size = int.from_bytes(told[:4], "big")
    if told[4 : 4 + size] != enc.encode() or not enc:
        raise HostProblem(
            f"key is no key of the type {enc!r}",
            hint="copy `enc` and `key` from a line of ssh-keyscan that you have compared",
        )


def _file(params: Absent, scope: Scope) -> tuple[str, bytes | None]:
    if params.user:
        _, path = place.place_of(params.user, params.config or ".ssh/known_hosts", scope)
    else:
        path = params.config or EVERYBODY
        if not path.startswith("/"):
            raise HostProblem(f"config: {path!r} is no absolute path", hint="or name a user")
    return path, scope.machine.read(path)


def _planned(
    params: Absent, scope: Scope, path: str, data: bytes | None, after: list[Line]
) -> Plan:
    host = known_hosts.host_word(params.name, params.port)
    old, new = (
        {one.enc: one.key for one in lines if known_hosts.names(one, host)}
        for lines in (known_hosts.parse(data or b""), after)
    )
    leaves = [
        Leaf(path=f"{path}:{host}:{enc}", before=old.get(enc), after=new.get(enc))
        for enc in dict.fromkeys((*old, *new)) if old.get(enc) != new.get(enc)
    ]  # fmt: skip
    if not leaves:  # the key is there beside another one of its type
        leaves = [Leaf(path=f"{path}:{host}:others", before=True, after=False)]
    edit = Edit(path=path, before=data, after=known_hosts.dump(after))
    if params.user:
        user, _ = place.place_of(params.user, path, scope)
        return place.planned(place.Keys(user=user, edit=edit), leaves, scope)
    return whole.planned(edit, leaves, f"{path} would be changed", scope)


RETIRES: Final = ("fingerprint", "fingerprint_hash_type", "timeout", "hash_hostname")
PRESENT: Final = Resource(
    name="ssh_known_hosts.present", params=Present, check=check_present, apply=apply,
    retires=RETIRES,
)  # fmt: skip
ABSENT: Final = Resource(
    name="ssh_known_hosts.absent", params=Absent, check=check_absent, apply=apply
)
