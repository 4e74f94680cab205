"""The lines of `/etc/hosts`: an address, its names, a comment; all else stays as it is."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

import msgspec

HOSTS: Final = "/etc/hosts"


class Line(msgspec.Struct, frozen=True):
    """One line.

    Attributes:
        text: as it stands there, with its end.
        address: "" where it names none.
        names: of the address.
        comment: behind the names, without `#`.
    """

    text: str
    address: str = ""
    names: tuple[str, ...] = ()
    comment: str = ""


def parse(data: bytes) -> list[Line]:
    """Read the file; lines end at LF alone, and any bytes may stand in them."""
    text = data.decode("utf-8", "surrogateescape")
    return [_line(one) for one in _split(text)]


def _split(text: str) -> list[str]:
    parts = text.split("\n")
    whole = [f"{one}\n" for one in parts[:-1]]
    return [*whole, parts[-1]] if parts[-1] else whole


def _line(text: str) -> Line:
    told, hash_sign, comment = text.partition("#")
    words = told.split()
    if len(words) < 2:
        return Line(text)
    return Line(text, words[0], tuple(words[1:]), comment.strip() if hash_sign else "")


def dump(lines: Sequence[Line]) -> bytes:
    """Give the file's bytes."""
    return "".join(one.text for one in lines).encode("utf-8", "surrogateescape")


def made(address: str, names: Sequence[str], comment: str = "") -> Line:
    """Give a new line."""
    text = f"{address}\t{' '.join(names)}" + (f"\t# {comment}" if comment else "")
    return Line(f"{text}\n", address, tuple(names), comment)


def same(one: str, other: str) -> bool:
    """Say whether two addresses are one, however they are written."""
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return one == other


def is_address(text: str) -> bool:
    """Say whether a text is an address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def names_of(lines: Sequence[Line], address: str) -> list[str]:
    """Give all names of an address, in their order, each once."""
    found = [name for one in lines if same(one.address, address) for name in one.names]
    return list(dict.fromkeys(found))


def without(lines: Sequence[Line], address: str, name: str) -> list[Line]:
    """Take a name from an address; a line that has no other goes."""
    found: list[Line] = []
    for one in lines:
        if not same(one.address, address) or name not in one.names:
            found.append(one)
            continue
        left = [other for other in one.names if other != name]
        if left:
            found.append(made(one.address, left, one.comment))
    return found


def with_name(lines: Sequence[Line], address: str, name: str, comment: str = "") -> list[Line]:
    """Give a name to an address, behind those that it has; a comment replaces the line's own."""
    place = _place(lines, address, name)
    if place is None:
        return [*ended(lines), made(address, [name], comment)]
    one = lines[place]
    names = one.names if name in one.names else (*one.names, name)
    said = comment or one.comment
    if names == one.names and said == one.comment:
        return list(lines)
    return [*lines[:place], made(one.address, names, said), *lines[place + 1 :]]


def _place(lines: Sequence[Line], address: str, name: str) -> int | None:
    mine = [place for place, one in enumerate(lines) if same(one.address, address)]
    return next((one for one in mine if name in lines[one].names), mine[0] if mine else None)


def with_only(lines: Sequence[Line], address: str, names: Sequence[str]) -> list[Line]:
    """Give exactly these names to an address, in one line; none at all takes its lines away."""
    mine = [place for place, one in enumerate(lines) if same(one.address, address)]
    if not mine:
        return [*ended(lines), made(address, names)] if names else list(lines)
    comment = lines[mine[0]].comment
    new = [made(lines[mine[0]].address, names, comment)] if names else []
    rest = [one for place, one in enumerate(lines) if place not in mine[1:]]
    return [*rest[: mine[0]], *new, *rest[mine[0] + 1 :]]


def ended(lines: Sequence[Line]) -> list[Line]:
    """Give the lines so that another can stand behind them."""
    if lines and not lines[-1].text.endswith("\n"):
        return [*lines[:-1], msgspec.structs.replace(lines[-1], text=f"{lines[-1].text}\n")]
    return list(lines)
