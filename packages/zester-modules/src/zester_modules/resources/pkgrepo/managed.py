"""pkgrepo.managed: a repository that packages come from, and the key that it is signed with."""

import hashlib
import posixpath
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.host.machine import HostProblem
from zester_modules.resource import Leaf, Plan, Resource, Scope
from zester_modules.resources.edits import Edit, Todo, apply, edit, text_at
from zester_modules.resources.pkgrepo.line import Line, bare_key, parse, slug, with_stanza
from zester_modules.resources.sources import missing

KEYRINGS: Final = "/etc/apt/keyrings"
FOLDERS: Final = {
    "apt": "/etc/apt/sources.list.d", "dnf": "/etc/yum.repos.d", "zypper": "/etc/zypp/repos.d",
}  # fmt: skip


_OPEN: Final = (
    "key_url is plain http: whoever is on the way can put another key; take https, or key_text"
)


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Have a repository that packages come from."""

    name: Annotated[str, Meta(description="apt: the line `deb URI DIST COMPS`; else its id")]
    humanname: Annotated[str, Meta(description="its name for people; dnf and zypper")] = ""
    file: Annotated[str, Meta(description="where it is written; `.sources` is a stanza")] = ""
    dist: Annotated[str, Meta(description="the suite, instead of the line's")] = ""
    comps: Annotated[str, Meta(description="the components, with commas, for the line's")] = ""
    architectures: Annotated[str, Meta(description="with commas")] = ""
    key_url: Annotated[str, Meta(description="where its key comes from")] = ""
    key_text: Annotated[str, Meta(description="its key, armoured")] = ""
    signedby: Annotated[str, Meta(description="the file that its key is kept in")] = ""
    clean_file: Annotated[bool, Meta(description="nothing else stays in the file")] = False
    disabled: Annotated[bool, Meta(description="known, and not used")] = False
    enabled: Annotated[bool, Meta(description="used")] = True
    refresh: Annotated[bool, Meta(description="fetch the lists of packages after a change")] = True
    baseurl: Annotated[str, Meta(description="dnf, zypper: where it lies")] = ""
    mirrorlist: Annotated[str, Meta(description="dnf: where its mirrors are listed")] = ""
    gpgcheck: Annotated[bool | None, Meta(description="dnf, zypper: hold to signatures")] = None
    gpgkey: Annotated[str, Meta(description="dnf, zypper: where its key comes from")] = ""

    @property
    def is_used(self) -> bool:
        """Whether packages come from it."""
        return self.enabled and not self.disabled


def check(params: Params, scope: Scope) -> Plan:
    """Plan to write the repository and its key as they should be."""
    kind = scope.machine.packages.kind
    if kind == "apt":
        return _check_apt(params, scope)
    if kind in FOLDERS:
        path = params.file or f"{FOLDERS[kind]}/{params.name}.repo"
        return _planned(params, scope, path, _section(params), [])
    raise HostProblem(f"repositories of {kind} cannot be managed", hint="use file.managed")


def _check_apt(params: Params, scope: Scope) -> Plan:
    line = _line(params)
    path = params.file or f"{FOLDERS['apt']}/{slug(line)}.list"
    keys: list[tuple[str, bytes]] = []
    if params.key_url or params.key_text:
        data = _key(params, scope)
        armoured = data.lstrip().startswith(b"-----BEGIN")
        stem = posixpath.splitext(posixpath.basename(path))[0]
        kept = line.options.get("signed-by") or f"{KEYRINGS}/{stem}.{'asc' if armoured else 'gpg'}"
        line = msgspec.structs.replace(line, options={**line.options, "signed-by": kept})
        keys.append((kept, bare_key(data, kept)))
    now = text_at(scope.machine, path)
    if path.endswith(".sources"):
        stanza = line.stanza() + ("" if params.is_used else "Enabled: no\n")
        text = stanza if params.clean_file else with_stanza(now, line, stanza)
    else:
        row = line.text() if params.is_used else f"# {line.text()}"
        text = f"{row}\n" if params.clean_file else with_line(now, line, row)
    return _planned(params, scope, path, text, keys)


def _line(params: Params) -> Line:
    line = parse(params.name)
    if line is None:
        raise HostProblem(
            f"{params.name!r} is no repository of Debian packages",
            hint="write it like: deb [signed-by=FILE] URI DIST COMPONENTS",
        )
    options = dict(line.options)
    if params.architectures:
        options["arch"] = params.architectures
    if params.signedby:
        options["signed-by"] = params.signedby
    comps = tuple(params.comps.replace(",", " ").split()) or line.comps
    return msgspec.structs.replace(
        line, dist=params.dist or line.dist, comps=comps, options=options
    )


def _key(params: Params, scope: Scope) -> bytes:
    if params.key_text:
        return params.key_text.encode()
    found = scope.sources.fetch(params.key_url, digest="skip_verify")
    if found is None:
        raise missing(params.key_url)
    return found.read_bytes()


def with_line(text: str, line: Line, row: str) -> str:
    """Put a row in place of a repository's lines, commented ones too, or at the end."""
    lines = text.splitlines()
    ours = [index for index, one in enumerate(lines) if is_of(one, line)]
    kept = [one for index, one in enumerate(lines) if index not in ours[1:]]
    if ours:
        kept[ours[0]] = row
    else:
        kept.append(row)
    return "".join(f"{one}\n" for one in kept)


def is_of(text: str, line: Line) -> bool:
    """Say whether a line, maybe commented out, is of a repository."""
    found = parse(text.lstrip("# "))
    return found is not None and found.key == line.key


def _section(params: Params) -> str:
    if not params.baseurl and not params.mirrorlist:
        raise HostProblem(f"the repository {params.name} needs a baseurl or a mirrorlist")
    fields: dict[str, Any] = {
        "name": params.humanname or params.name, "baseurl": params.baseurl,
        "mirrorlist": params.mirrorlist, "enabled": int(params.is_used),
        "gpgcheck": None if params.gpgcheck is None else int(params.gpgcheck),
        "gpgkey": params.gpgkey or params.key_url,
    }  # fmt: skip
    rows = (f"{key}={value}\n" for key, value in fields.items() if value not in {None, ""})
    return f"[{params.name}]\n{''.join(rows)}"


def _planned(
    params: Params, scope: Scope, path: str, text: str, keys: list[tuple[str, bytes]]
) -> Plan:
    leaves: list[Leaf] = []
    edits: list[Edit] = []
    for kept, data in keys:
        before = scope.machine.read(kept)
        if before != data:
            was = None if before is None else _digest(before)
            leaves.append(Leaf(path=f"{kept}:digest", before=was, after=_digest(data)))
            edits.append(Edit(path=kept, data=data))
    now = scope.machine.read(path)
    if now != text.encode():
        was = None if now is None else now.decode("utf-8", "replace")
        leaves.append(Leaf(path=f"{path}:contents", before=was, after=text))
        edits.append(edit(path, text))
    return Plan(
        leaves=tuple(leaves), comment="" if leaves else "the repository is as it should be",
        warnings=(_OPEN,) if params.key_url.startswith("http://") else (),
        todo=Todo(edits=tuple(edits), refresh=params.refresh and bool(edits)),
    )  # fmt: skip


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


MANAGED: Final = Resource(
    name="pkgrepo.managed", params=Params, check=check, apply=apply,
    retires=("aptkey", "refresh_db", "require_in", "key_type"), lacks=("consolidate", "comments"),
)  # fmt: skip
