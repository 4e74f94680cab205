"""ssh_auth.present, ssh_auth.absent and ssh_auth.manage."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.sources import missing, text_of
from zester_modules.resources.ssh_auth.place import Keys, apply, place_of, planned
from zester_modules.resources.whole_file import Edit
from zester_modules.tables import authorized_keys
from zester_modules.tables.authorized_keys import Line


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of a user."""

    name: Annotated[str, Meta(description="the key in Base64, or the whole line")]
    user: Annotated[str, Meta(description="who may log in with it")]
    enc: Annotated[str, Meta(description="the key's type, where the name does not say it")] = (
        "ssh-rsa"
    )
    comment: Annotated[str, Meta(description="what stands behind the key")] = ""
    source: Annotated[str, Meta(description="a file with one key a line, instead of the name")] = ""
    options: Annotated[list[str] | None, Meta(description="what stands before the key")] = None
    config: Annotated[str, Meta(description="the file; %h is the home, %u the user")] = (
        ".ssh/authorized_keys"
    )


class Manage(Params, frozen=True, kw_only=True):
    """Exactly these keys of a user."""

    ssh_keys: Annotated[list[str], Meta(description="the keys, as in `name`")]


def check_present(params: Params, scope: Scope) -> Plan:
    """Compare the keys with those in the file."""
    return _planned(params, scope, add=_given(params, scope))


def check_absent(params: Params, scope: Scope) -> Plan:
    """Look whether the keys are in the file."""
    if scope.machine.users().get(params.user) is None:
        return Plan(comment=f"there is no user {params.user}")
    return _planned(params, scope, gone={one.key for one in _given(params, scope)})


def check_manage(params: Manage, scope: Scope) -> Plan:
    """Compare the keys with those in the file, of which no others may be there."""
    wanted = [_key(text, params) for text in params.ssh_keys]
    _, path = place_of(params.user, params.config, scope)
    there = authorized_keys.parse(scope.machine.read(path) or b"")
    keys = {one.key for one in wanted}
    gone = {one.key for one in there if one.key and one.key not in keys}
    return _planned(params, scope, add=wanted, gone=gone)


def _given(params: Params, scope: Scope) -> list[Line]:
    if not params.source:
        return [_key(params.name, params)]
    found = scope.sources.fetch(params.source)
    if found is None:
        raise missing(params.source)
    texts = text_of(found.read_bytes(), params.source).splitlines()
    keys = [_key(text, params) for text in texts if text.strip() and not text.startswith("#")]
    if not keys:
        raise HostProblem(f"the source {params.source} holds no key")
    return keys


def _key(given: str, params: Params) -> Line:
    """Read a key: a whole line says all, a bare key takes the other arguments."""
    told = given.strip()
    whole = authorized_keys.line(told)
    if whole.key and "\n" not in told:
        return whole
    words = told.split()
    if len(words) != 1 or not authorized_keys.is_key(words[0]):
        raise HostProblem(
            f"{told[:40]!r} is no public key", hint="write it as `ssh-ed25519 AAAA... comment`"
        )
    made = Line("", words[0], params.enc, ",".join(params.options or ()), params.comment)
    text = authorized_keys.made(made).text
    if text.count("\n") > 1 or authorized_keys.line(text).key != made.key:
        raise HostProblem("enc, options and comment make no line of a key together")
    return made


def _planned(
    params: Params, scope: Scope, add: list[Line] | None = None, gone: set[str] | None = None
) -> Plan:
    user, path = place_of(params.user, params.config, scope)
    data = scope.machine.read(path)
    before = authorized_keys.parse(data or b"")
    after = before
    for key in gone or ():
        after = authorized_keys.without_key(after, key)
    for one in add or ():
        after = authorized_keys.with_key(after, one)
    if after == before:
        return Plan(comment=f"the keys of {params.user} are as they should be")
    edit = Edit(path=path, before=data, after=authorized_keys.dump(after))
    return planned(Keys(user=user, edit=edit), _leaves(path, before, after), scope)


def _leaves(path: str, before: list[Line], after: list[Line]) -> list[Leaf]:
    """Give a leaf for every key that comes, goes or changes."""
    found: list[Leaf] = []
    for key in dict.fromkeys(one.key for one in (*before, *after) if one.key):
        old, new = ([one.text.strip() for one in lines if one.key == key] or None
                    for lines in (before, after))  # fmt: skip
        if old != new:
            found.append(Leaf(path=f"{path}:{key[-16:]}", before=old, after=new))
    return found


RETIRES: Final = ("fingerprint_hash_type",)
PRESENT: Final = Resource(
    name="ssh_auth.present", params=Params, check=check_present, apply=apply, retires=RETIRES
)
ABSENT: Final = Resource(
    name="ssh_auth.absent", params=Params, check=check_absent, apply=apply, retires=RETIRES
)
MANAGE: Final = Resource(
    name="ssh_auth.manage", params=Manage, check=check_manage, apply=apply, retires=RETIRES
)
