"""References to state files: `nginx`, `nginx.config`, `.config`, `..common`, and globs of them."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from zester_proto.render.nodes import Dialect

SUFFIXES: Final[dict[str, Dialect]] = {".zy": "zy", ".sls": "sls"}
_RELATIVE: Final = re.compile(r"(\.+)(.*)", re.DOTALL)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A state file that a reference means."""

    path: str
    dialect: Dialect


def reference_of(path: str) -> str | None:
    """Give the reference of a file; None if it is no state file that one can name."""
    for suffix in SUFFIXES:
        if path.endswith(suffix):
            stem = path[: -len(suffix)]
            stem = stem.removesuffix("/init")
            return None if "." in stem else stem.replace("/", ".")
    return None


def dotted(text: str) -> str:
    """Give the reference that somebody meant who wrote a path: `salt://a/b.sls` is `a.b`."""
    bare = text.partition("://")[2] or text
    bare = bare.removeprefix("./").strip("/")
    for suffix in SUFFIXES:
        bare = bare.removesuffix(suffix)
    return bare.removesuffix("/init").replace("/", ".")


def is_glob(text: str) -> bool:
    """Say whether a text is a pattern."""
    return any(sign in text for sign in "*?[")


def matching(pattern: str, references: Iterable[str]) -> list[str]:
    """Give the references that a pattern means, sorted."""
    return sorted(one for one in references if fnmatchcase(one, pattern))


def absolute(reference: str, sls: str, path: str) -> str | None:
    """Give a relative reference as an absolute one; None if it leads out of the tree.

    Args:
        reference: as it was written.
        sls: of the file that holds it.
        path: the same file's.
    """
    found = _RELATIVE.fullmatch(reference)
    if found is None:
        return reference
    levels, rest = len(found[1]), found[2]
    parts = sls.split(".")
    if path.rpartition("/")[2].partition(".")[0] == "init":
        parts.append("init")
    if levels > len(parts):
        return None
    return ".".join([*parts[:-levels], rest]) if rest else ".".join(parts[:-levels])


def sls_names(sls: str, path: str, env: str) -> dict[str, Any]:
    """Give what a file's templates know of its reference: `sls`, `slspath`, `env` and so on."""
    folder = path.rpartition("/")[0]
    return {
        "sls": sls,
        "slspath": folder,
        "slsdotpath": folder.replace("/", "."),
        "slscolonpath": folder.replace("/", ":"),
        "sls_path": folder.replace("/", "_"),
        "env": env,
        "saltenv": env,
    }


def env_options(env: str) -> dict[str, Any]:
    """Give what `opts` says of environments to a file of one, on peels and on masters.

    `pillarenv` is none, as in Salt unless a minion asks for one environment: settings are those of
    all environments that the top files name.
    """
    return {"saltenv": env, "pillarenv": None}
