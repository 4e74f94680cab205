"""`zester-master secret`: the commands of the secret store; none of them shows a value."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from zester_master.config import MasterConfig
    from zester_master.secrets.record import SecretRecord
    from zester_master.secrets.store import Kept, SecretStore
    from zester_master.secrets.usage import Use
    from zester_master.site.masters import MasterKeys
    from zester_proto.tree.files import KeptTree

T = TypeVar("T")

_FOUND: Final = 1
_LENGTHS: Final = range(8, 4097)
_ABOUT: Final = """\
The secret store of the site: values that settings name with {{ secret('NAME') }} or !secret NAME,
and jobs with key=secret:NAME. They lie on the bus sealed under the masters' settings key. Values
are typed, piped in or read from a file, never given as an argument, and never shown.
"""


def add_parsers(commands: Any) -> None:
    """Add the commands to the parser of `zester-master`."""
    parser = commands.add_parser(
        "secret", help="the secret store of the site", description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    given = _add(verbs, "set", "keep a secret: from --file, standard input, or typed", _set)
    given.add_argument("name", metavar="NAME")
    given.add_argument("--file", type=Path, help="where the value lies")
    _add_kind(given)
    edit = _add(verbs, "edit", "change a secret in $EDITOR, in a file in memory", _edit)
    edit.add_argument("name", metavar="NAME")
    rotate = _add(verbs, "rotate", "give a secret a new value, and seal it anew for all", _rotate)
    rotate.add_argument("name", metavar="NAME")
    rotate.add_argument("--file", type=Path, help="where the new value lies")
    rotate.add_argument("--random", type=_length, metavar="N", help="N letters and digits")
    _add_list(verbs)
    remove = _add(verbs, "remove", "take a secret away", _remove)
    remove.add_argument("name", metavar="NAME")
    scan = _add(verbs, "scan", "find values in settings that look like secrets", _scan)
    scan.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="else the master's own")


def _add_list(verbs: Any) -> None:
    listing = _add(verbs, "list", "show names, ages and uses; no values", _list)
    listing.add_argument("--output", choices=("text", "json"), default="text")


def _add(verbs: Any, name: str, about: str, handler: Callable[..., int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    parser.add_argument("--config", type=Path, help="file to read; else /etc/zester/master.yaml")
    parser.set_defaults(handler=handler)
    return parser


def _add_kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--short", action="store_true", help="allow fewer than six bytes, and mask them too"
    )
    parser.add_argument(
        "--role", choices=("operator", "admin"),
        help="the least role that may give it to a function; admin unless said otherwise",
    )  # fmt: skip


def _length(text: str) -> int:
    if not text.isdigit() or int(text) not in _LENGTHS:
        raise argparse.ArgumentTypeError(f"{_LENGTHS.start} to {_LENGTHS.stop - 1} are possible")
    return int(text)


class _Here(NamedTuple):
    """This master, as a command finds it."""

    config: "MasterConfig"
    keys: "MasterKeys"
    store: "SecretStore"
    by: str


def _at(arguments: argparse.Namespace, work: "Callable[[_Here], Awaitable[T]]") -> T:
    """Do something with the store."""
    return asyncio.run(_connected(_config(arguments), work))


def _config(arguments: argparse.Namespace) -> "MasterConfig":
    from zester_master.config import DEFAULT_FILE, MasterConfig  # noqa: PLC0415  # speed
    from zester_proto.config import load  # noqa: PLC0415  # the same

    return load(MasterConfig, arguments.config, DEFAULT_FILE).value


async def _connected(config: "MasterConfig", work: "Callable[[_Here], Awaitable[T]]") -> T:
    from zester_master.buckets import link_options  # noqa: PLC0415  # the same
    from zester_master.journal import said_by  # noqa: PLC0415  # the same
    from zester_master.secrets.store import SecretStore  # noqa: PLC0415  # the same
    from zester_master.site.layout import AuthPaths  # noqa: PLC0415  # the same
    from zester_master.site.masters import load_master_keys  # noqa: PLC0415  # the same
    from zester_proto.identity.creds import read_creds  # noqa: PLC0415  # the same
    from zester_proto.link import NatsLink  # noqa: PLC0415  # the same

    paths = AuthPaths(config.auth)
    keys, master = load_master_keys(paths), read_creds(paths.creds).name
    by = said_by(master)
    async with NatsLink(link_options(config)) as link:
        await link.connect_once()
        store = SecretStore(link, keys.settings, master, time.time, keys.also)
        return await work(_Here(config, keys, store, by))


def _refuse_sourced(config: "MasterConfig", name: str) -> None:
    from zester_master.secrets.record import BadSecret  # noqa: PLC0415  # the same
    from zester_master.secrets.sources import sources_of  # noqa: PLC0415  # the same

    for source in sources_of(config.secret_sources):
        if name.startswith(source.prefix):
            raise BadSecret(
                f"{name} comes from the source {source.prefix}, not from the store",
                hint="change it there; masters look again every five minutes",
            )


async def _there(here: _Here, name: str) -> "Kept":
    from zester_master.secrets.record import BadSecret  # noqa: PLC0415  # the same
    from zester_proto.units import did_you_mean  # noqa: PLC0415  # the same

    kept = await here.store.get(name)
    if kept is None:
        names = [one.name for one in await here.store.all()]
        hint = did_you_mean(name, names) or f"zester-master secret set {name}"
        raise BadSecret(f"there is no secret {name!r}", hint=hint)
    return kept


# -- changing --------------------------------------------------------------------------------------


def _set(arguments: argparse.Namespace) -> int:
    from zester_master.secrets.editing import given  # noqa: PLC0415  # the same
    from zester_master.secrets.record import SecretRecord, check_name  # noqa: PLC0415  # the same

    name = check_name(arguments.name)
    _refuse_sourced(_config(arguments), name)
    data = given(name, arguments.file)

    async def work(here: _Here) -> str:
        before = await here.store.get(name)
        old = before.record if before is not None else None
        record = SecretRecord(
            name=name, value="", changed=0.0, short=arguments.short or bool(old and old.short),
            role=arguments.role or (old.role if old else "admin"),
        )  # fmt: skip
        await _put(here, record, before, data)
        return "changed" if before is not None else "kept"

    sys.stdout.write(f"{name}: {_at(arguments, work)}\n")
    return 0


async def _put(here: _Here, record: "SecretRecord", before: "Kept | None", data: bytes) -> None:
    import msgspec  # noqa: PLC0415  # the same

    from zester_master.secrets.record import check_value  # noqa: PLC0415  # the same

    value = check_value(record.name, data, short=record.short)
    made = msgspec.structs.replace(record, value=value, changed=time.time(), by=here.by)
    await here.store.put(made, before)


def _edit(arguments: argparse.Namespace) -> int:
    from zester_master.secrets.editing import edited  # noqa: PLC0415  # the same

    def change(value: str) -> bytes:
        return edited(value)

    return _change(arguments, change)


def _rotate(arguments: argparse.Namespace) -> int:
    from zester_master.secrets.editing import given, random_value  # noqa: PLC0415  # the same

    def change(_old: str) -> bytes:
        if arguments.random:
            return random_value(arguments.random)
        return given(arguments.name, arguments.file)

    return _change(arguments, change)


def _change(arguments: argparse.Namespace, change: Callable[[str], bytes]) -> int:
    name: str = arguments.name
    _refuse_sourced(_config(arguments), name)

    async def work(here: _Here) -> str:
        before = await _there(here, name)
        # nobody else waits in this process, but the connection has to stay alive meanwhile
        data = await asyncio.to_thread(change, before.record.value)
        if data.decode(errors="replace").removesuffix("\n") == before.record.value:
            return "as it was"
        await _put(here, before.record, before, data)
        return "changed"

    sys.stdout.write(f"{name}: {_at(arguments, work)}\n")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    name: str = arguments.name

    async def work(here: _Here) -> None:
        await here.store.remove(await _there(here, name))

    _at(arguments, work)
    sys.stdout.write(f"{name}: removed\n")
    return 0


# -- looking ---------------------------------------------------------------------------------------


def _tree(roots: Any) -> "KeptTree":
    from zester_master.files.scan import scan as look  # noqa: PLC0415  # the same
    from zester_master.settings.local import read  # noqa: PLC0415  # the same

    found = look(roots)
    local, problems = read(found)
    for problem in (*found.problems, *problems):
        sys.stderr.write(f"{problem}\n")
    return local.tree


def _scan(arguments: argparse.Namespace) -> int:
    from zester_master.secrets.looks import scan  # noqa: PLC0415  # the same

    config = _config(arguments)
    roots = {"base": (arguments.folder,)} if arguments.folder else config.settings_trees
    suspects = scan(_tree(roots), config.groups)
    for one in suspects:
        sys.stdout.write(f"{one.place}: {one.what}\n")
    if suspects:
        sys.stdout.write(
            "mark them: zester-master secret set NAME, and {{ secret('NAME') }} in their place\n"
        )
    return _FOUND if suspects else 0


def _list(arguments: argparse.Namespace) -> int:
    async def work(here: _Here) -> "tuple[list[SecretRecord], dict[str, Use]]":
        return await here.store.all(), await _uses(here)

    records, found = _at(arguments, work)
    rows = _rows(_config(arguments), records, found)
    if arguments.output == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    widths = [max((len(row[key]) for row in map(_words, rows)), default=0) for key in _COLUMNS]
    for row in map(_words, rows):
        cells = (row[key].ljust(width) for key, width in zip(_COLUMNS, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    return 0


_COLUMNS: Final = ("name", "from", "changed", "role", "peels", "places")


def _words(row: dict[str, Any]) -> dict[str, str]:
    from zester_proto.units import counted  # noqa: PLC0415  # the same

    changed, peels = row["changed"], len(row["peels"])
    return {
        "name": row["name"], "from": row["from"], "role": row["role"],
        "changed": f"{_age(time.time() - changed)} ago" if changed else "-",
        "peels": counted(peels, "peel"),
        "places": ", ".join(row["places"]) or "named nowhere",
    }  # fmt: skip


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


async def _uses(here: _Here) -> "dict[str, Use]":
    from zester_master.secrets.usage import notes, uses  # noqa: PLC0415  # the same
    from zester_master.site.layout import read_site  # noqa: PLC0415  # the same

    keys, site = here.keys, read_site(here.config.auth).site
    noted = await notes(here.store.link, keys.settings, site, keys.also)
    return uses(_tree(here.config.settings_trees), noted, keys.settings)


def _rows(
    config: "MasterConfig", records: "list[SecretRecord]", found: "dict[str, Use]"
) -> list[dict[str, Any]]:
    from zester_master.secrets.sources import sources_of  # noqa: PLC0415  # the same
    from zester_master.secrets.usage import Use  # noqa: PLC0415  # the same

    sources, kept = sources_of(config.secret_sources), {one.name: one for one in records}
    rows: list[dict[str, Any]] = []
    for name in sorted({*kept, *found}):
        source = next((one.prefix for one in sources if name.startswith(one.prefix)), "")
        record, use = kept.get(name), found.get(name, Use())
        rows.append({
            "name": name,
            "from": f"source {source}" if source else "store" if record else "NOT SET",
            "changed": record.changed if record and not source else 0,
            "role": record.role if record and not source else "admin",
            "short": bool(record and record.short),
            "by": record.by if record else "",
            "places": [str(place) for place in use.places],
            "peels": list(use.peels),
        })  # fmt: skip
    return rows
