"""Further groups of a user: which it is in, and which it shall be in."""

from zester_modules.host.machine import GroupEntry, HostProblem, Machine
from zester_modules.resources.user.params import Params


def groups_of(name: str, machine: Machine) -> list[str]:
    """Give the groups that name a user among their members."""
    return sorted(one.name for one in machine.groups().values() if name in one.members)


def wanted_groups(params: Params, gid: int, machine: Machine) -> list[str]:
    """Give the further groups that a user shall be in.

    Raises:
        HostProblem: one that is not optional is not there.
    """
    groups = machine.groups()
    missing = [one for one in params.groups or () if groups.get(one) is None]
    if missing:
        raise HostProblem(
            f"there is no group {', '.join(missing)}",
            hint="make the groups before the user, or name them in optional_groups",
        )
    now = groups_of(params.name, machine)
    if params.groups is None and not params.optional_groups:
        return now
    optional = [one for one in params.optional_groups or () if groups.get(one) is not None]
    primary = {one.name for one in groups.values() if one.gid == gid}
    wish = {one for one in (*(params.groups or ()), *optional) if one not in primary}
    # being named in one's primary group, or in that of one's own name, means nothing
    kept = [one for one in now if one in {*primary, params.name} or not params.remove_groups]
    return sorted({*wish, *kept})


def with_member(machine: Machine, user: str, names: list[str]) -> dict[str, GroupEntry | None]:
    """Give the groups that change when a user is in exactly the named ones."""
    found: dict[str, GroupEntry | None] = {}
    for group in machine.groups().values():
        members = [one for one in group.members if one != user]
        members += [user] if group.name in names else []
        if set(members) != set(group.members):
            found[group.name] = GroupEntry(name=group.name, gid=group.gid, members=tuple(members))
    return found
