"""What in a settings tree looks like a secret and is not marked as one (`secret scan`).

Files are encrypted either way, for the peels that may read them. A mark keeps the value out of the
tree and out of what peels show, so what is found here is a hint and no mistake. Values are never
told.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from zester_master.settings.tops import Tops
from zester_proto.render.nodes import Place
from zester_proto.settings.closure import Closures
from zester_proto.tree.files import KeptTree
from zester_proto.tree.problems import Problems

_NAMES: Final = re.compile(
    r"(passw(or)?d|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|credential)s?"
    r"(_?hash)?$",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(r"""^\s*(?:-\s+)?["']?([\w.-]{1,80})["']?\s*:\s+(\S.*)$""")
_PLAIN: Final = re.compile(
    r"""(true|false|yes|no|on|off|null|none|~|\d+(\.\d+)?|[|>][+-]?|["']{2}|[{\[*&].*)$""",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"\s#.*$")
_FORMS: Final = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\$(?:1|5|6|y|2[aby])\$[./A-Za-z0-9$=,]{20,}"), "the hash of a password"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "a key of AWS"),
    (re.compile(r"\b(?:gh[opsu]_|glpat-|xox[abprs]-)[A-Za-z0-9_-]{16,}"), "a token"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."), "a JSON web token"),
    (re.compile(r"://[^/\s:@{]+:[^/\s:@{]{3,}@"), "a password in an address"),
)


class Suspect(NamedTuple):
    """One place."""

    place: Place
    what: str


def suspects(path: str, data: bytes) -> Iterator[Suspect]:
    """Give the lines of a file that look as if they held a secret."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or "secret(" in line or "!secret" in line:
            continue
        what = _looks_like(line)
        if what:
            yield Suspect(Place(path, number), what)


def _looks_like(line: str) -> str:
    if "!encrypted" in line:
        return ""
    for form, what in _FORMS:
        if form.search(line):
            return f"{what} stands here"
    pair = _PAIR.match(_COMMENT.sub("", line))
    if pair is None or _NAMES.search(pair[1]) is None:
        return ""
    value = pair[2].strip()
    # what an expression gives is a secret elsewhere, or none
    if _PLAIN.match(value) or "{{" in value or "{%" in value:
        return ""
    return f"{pair[1]} has a value"


def scan(tree: KeptTree, groups: Mapping[str, str]) -> list[Suspect]:
    """Give all suspects of a tree, and the lines of top files by which facts decide who gets one.

    Args:
        tree: the settings.
        groups: what `N@` may name.
    """
    found: dict[tuple[str, str], list[Suspect]] = {}
    for env in tree.environments:
        for path in tree.paths(env):
            mine = list(suspects(path, tree.read(env, path) or b""))
            if mine:
                found[env, path] = mine
    said = [one for mine in found.values() for one in mine]
    return sorted(
        {*said, *_by_facts(tree, groups, found)}, key=lambda one: (one.place.file, one.place.line)
    )


def _by_facts(
    tree: KeptTree, groups: Mapping[str, str], found: Mapping[tuple[str, str], Iterable[Suspect]]
) -> Iterator[Suspect]:
    closures = Closures(tree)
    for line in Tops(tree, groups).lines("", {}, Problems()):
        if line.by_id:
            continue
        for file in closures.of(line.entry.env, line.entry.reference).files:
            for one in found.get(file, ()):
                yield Suspect(
                    line.at,
                    f"facts decide who gets {line.entry.reference}, in which {one.place} looks "
                    "like a secret: a peel says itself what its facts are",
                )
