"""locale.present and locale.system: what languages a host knows, and which one it speaks."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import Command, Effects, HostProblem, Machine
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources import whole_file as whole
from zester_modules.resources.edits import Todo, apply, deed, edit, text_at

LISTED: Final = "/etc/locale.gen"
SUPPORTED: Final = "/usr/share/i18n/SUPPORTED"
DEFAULTS: Final = ("/etc/default/locale", "/etc/locale.conf")
"""Debian's, and systemd's."""
MADE: Final = Effects(unknown=("/usr/lib/locale",))
"""By locale-gen."""


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """A locale of the host."""

    name: Annotated[str, Meta(description="the locale, such as en_US.UTF-8")]


def check_present(params: Params, scope: Scope) -> Plan:
    """Look whether the locale is listed in /etc/locale.gen, and made."""
    machine = scope.machine
    entry = _entry(machine, params.name)
    if entry is None:
        return Plan(comment=f"{params.name} is always there")
    leaves: list[Leaf] = []
    before = text_at(machine, LISTED)
    after = listed(before, entry)
    if after != before:
        leaves.append(Leaf(path=f"{entry}:listed", before=False, after=True))
    done = machine.ask(Command(argv=("locale", "-a")))
    made = {plain(one) for one in done.stdout.decode("utf-8", "replace").splitlines()}
    if plain(entry.split()[0]) not in made:
        leaves.append(Leaf(path=f"{entry}:made", before=False, after=True))
    edits = (edit(LISTED, after),) if after != before else ()
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else f"{params.name} is there",
        todo=Todo(edits=edits, deeds=(deed("locale-gen", effects=MADE),)),
    )  # fmt: skip


def check_system(params: Params, scope: Scope) -> Plan:
    """Look which locale programs start with."""
    machine = scope.machine
    if not re.fullmatch(r"[A-Za-z0-9_.@-]+", params.name):
        raise HostProblem(f"{params.name!r} is no locale")
    path = _defaults(machine)
    rows = text_at(machine, path).splitlines()
    now = system_locale(machine)
    if now == params.name:
        return Plan(comment=f"{params.name} is the locale")
    place = _place(rows)
    if place is None:
        rows.append(f"LANG={params.name}")
    else:
        rows[place] = f"LANG={params.name}"
    after = "".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape")
    new = whole.Edit(path=path, before=machine.read(path), after=after)
    leaf = Leaf(path=f"{path}:LANG", before=now, after=params.name)
    return whole.planned(new, (leaf,), f"{path} would be changed", scope)


def system_locale(machine: Machine) -> str | None:
    """Give the locale that programs start with; None where none is set."""
    rows = text_at(machine, _defaults(machine)).splitlines()
    place = _place(rows)
    return None if place is None else rows[place].partition("=")[2].strip().strip("\"'")


def _defaults(machine: Machine) -> str:
    return next((one for one in DEFAULTS if machine.follow(one) is not None), DEFAULTS[0])


def _place(rows: list[str]) -> int | None:
    """Give the row that counts, which is the last one."""
    places = [at for at, row in enumerate(rows) if re.match(r"\s*(?:export\s+)?LANG=", row)]
    return places[-1] if places else None


def plain(name: str) -> str:
    """Write a locale as `locale -a` does: en_US.UTF-8 is en_US.utf8."""
    language, dot, rest = name.partition(".")
    codes, at, variant = rest.partition("@")
    return f"{language}{dot}{re.sub('[^a-z0-9]', '', codes.lower())}{at}{variant}"


def listed(text: str, entry: str) -> str:
    """Give /etc/locale.gen with an entry: its line without the sign of a comment, or a new one."""
    rows = text.splitlines(keepends=True)
    if any(row.split() == entry.split() for row in rows):
        return text
    for at, row in enumerate(rows):
        if row.lstrip("# \t").split() == entry.split():
            return "".join([*rows[:at], f"{entry}\n", *rows[at + 1 :]])
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{entry}\n"


def _entry(machine: Machine, name: str) -> str | None:
    """Give the line for /etc/locale.gen; None for what needs none."""
    words = name.split()
    if not words or len(words) > 2 or "#" in name:
        raise HostProblem(f"{name!r} is no locale", hint="write it as en_US.UTF-8")
    if plain(words[0]) in {"C", "POSIX", "C.utf8"}:
        return None
    known = [row.split() for row in text_at(machine, SUPPORTED).splitlines()]
    for row in known:
        if row and plain(row[0]) == plain(words[0]) and words[1:] in ([], row[1:]):
            return " ".join(row)
    if known:
        raise HostProblem(
            f"this host knows no locale {name!r}", hint=f"{SUPPORTED} names all of them"
        )
    codes = words[0].partition(".")[2].partition("@")[0]
    if len(words) == 1 and not codes:
        raise HostProblem(f"{name!r} names no character set", hint="write it as en_US.UTF-8")
    return " ".join(words) if words[1:] else f"{name} {codes}"


def _listed(_params: Params) -> tuple[str, ...]:
    return LISTED, *MADE.unknown


def _defaults_of(_params: Params) -> tuple[str, ...]:
    return DEFAULTS


PRESENT: Final = Resource(
    name="locale.present", params=Params, paths=_listed, check=check_present, apply=apply,
    needs=("locale-gen",),
)  # fmt: skip
SYSTEM: Final = Resource(
    name="locale.system", params=Params, paths=_defaults_of, check=check_system, apply=whole.apply
)
