"""Keys of users and of hosts, by Salt's names; no private key is ever answered."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any, Final

from zester_modules.context import Context
from zester_modules.errors import Refused
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.resources.ssh_auth.place import path_of
from zester_modules.returns import Return
from zester_modules.tables import authorized_keys, known_hosts

CONFIG: Final = ".ssh/authorized_keys"


@function("ssh.auth_keys", reads=True)
def auth_keys(context: Context, user: str, config: str = CONFIG) -> dict[str, dict[str, Any]]:
    """Answer the keys with which a user may log in.

    Args:
        user: the user.
        config: the file; %h is the home, %u the user.
    """
    machine = machine_of(context)
    entry = machine.users().get(user)
    if entry is None:
        raise Refused(f"there is no user {user!r}", hint="user.list_users names them all")
    lines = authorized_keys.parse(machine.read(path_of(entry, config)) or b"")
    return {
        one.key: {
            "enc": one.enc, "comment": one.comment,
            "options": [one.options] if one.options else [],
        }
        for one in lines
        if one.key
    }  # fmt: skip


@function("ssh.check_key", reads=True)
def check_key(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    user: str,
    key: str,
    enc: str,
    comment: str,
    options: list[str] | None = None,
    config: str = CONFIG,
) -> str:
    """Answer what is to be done so that a user has a key: `add`, `update` or `exists`.

    Args:
        user: the user.
        key: the key in Base64.
        enc: its type.
        comment: what stands behind it.
        options: what stands before it.
        config: the file; %h is the home, %u the user.
    """
    found = auth_keys(context, user, config).get(key)
    if found is None:
        return "add"
    wanted = {"enc": enc, "comment": comment, "options": [",".join(options)] if options else []}
    return "exists" if found == wanted else "update"


@function("ssh.set_auth_key", dry=True)
def set_auth_key(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    user: str,
    key: str,
    enc: str = "ssh-rsa",
    comment: str = "",
    options: list[str] | None = None,
    config: str = CONFIG,
) -> Return:
    """Let a user log in with a key.

    Args:
        user: the user.
        key: the key in Base64.
        enc: its type.
        comment: what stands behind it.
        options: what stands before it.
        config: the file; %h is the home, %u the user.
    """
    return by_state(
        context, "ssh_auth.present", key, user=user, enc=enc, comment=comment, options=options,
        config=config,
    )  # fmt: skip


@function("ssh.rm_auth_key", dry=True)
def rm_auth_key(context: Context, user: str, key: str, config: str = CONFIG) -> Return:
    """Let a user no longer log in with a key.

    Args:
        user: the user.
        key: the key in Base64.
        config: the file; %h is the home, %u the user.
    """
    return by_state(context, "ssh_auth.absent", key, user=user, config=config)


@function("ssh.host_keys", reads=True)
def host_keys(context: Context, keydir: str = "/etc/ssh") -> dict[str, str]:
    """Answer the public keys of this host, by their type.

    Args:
        keydir: the folder that they lie in.
    """
    machine = machine_of(context)
    found: dict[str, str] = {}
    for name in machine.list(keydir) or []:
        if name.startswith("ssh_host_") and name.endswith("_key.pub"):
            data = machine.read(f"{keydir}/{name}") or b""
            kind = name.removeprefix("ssh_host_").removesuffix("_key.pub")
            found[kind] = data.decode("utf-8", "replace").strip()
    return found


@function("ssh.get_known_host_entries", reads=True)
def get_known_host_entries(
    context: Context, hostname: str, user: str = "", port: int = 22
) -> list[dict[str, str]]:
    """Answer the keys by which ssh knows a host.

    Args:
        hostname: the host.
        user: whose ssh; else everybody's.
        port: where its sshd listens.
    """
    machine = machine_of(context)
    path = "/etc/ssh/ssh_known_hosts"
    if user:
        entry = machine.users().get(user)
        if entry is None:
            raise Refused(f"there is no user {user!r}", hint="user.list_users names them all")
        path = path_of(entry, ".ssh/known_hosts")
    word = known_hosts.host_word(hostname, port)
    lines = known_hosts.parse(machine.read(path) or b"")
    return [
        {"hostname": hostname, "enc": one.enc, "key": one.key}
        for one in lines
        if known_hosts.names(one, word)
    ]


@function("ssh.set_known_host", dry=True)
def set_known_host(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    hostname: str,
    key: str,
    enc: str = "ssh-rsa",
    user: str = "",
    port: int = 22,
    hash_known_hosts: bool = True,
) -> Return:
    """Have ssh know a host by a key.

    Args:
        hostname: the host.
        key: its key in Base64.
        enc: the key's type.
        user: whose ssh; else everybody's.
        port: where its sshd listens.
        hash_known_hosts: hide the host's name.
    """
    return by_state(
        context, "ssh_known_hosts.present", hostname, key=key, enc=enc, user=user, port=port,
        hash_known_hosts=hash_known_hosts,
    )  # fmt: skip


@function("ssh.rm_known_host", dry=True)
def rm_known_host(context: Context, hostname: str, user: str = "", port: int = 22) -> Return:
    """Have ssh know no key of a host.

    Args:
        hostname: the host.
        user: whose ssh; else everybody's.
        port: where its sshd listens.
    """
    return by_state(context, "ssh_known_hosts.absent", hostname, user=user, port=port)
