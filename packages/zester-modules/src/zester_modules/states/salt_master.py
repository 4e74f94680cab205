"""What a Salt master's configuration says of its trees, and what of it has no counterpart here."""

import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.render import nodes
from zester_proto.render.values import plain
from zester_proto.render.yaml import load

_REPOSITORIES: Final = (
    "keep a clone of each in a folder, and name it in state_roots: Zester fetches no trees itself"
)
_ELSEWHERE: Final[Mapping[str, str]] = {
    "gitfs_remotes": _REPOSITORIES,
    "hgfs_remotes": _REPOSITORIES,
    "svnfs_remotes": _REPOSITORIES,
    "s3.buckets": "keep a copy in a folder, and name it in state_roots",
    "azurefs": "keep a copy in a folder, and name it in state_roots",
    "ext_pillar": "settings are files in settings_roots: bring what these sources gave there",
    "nodegroups": "write them as `groups` in master.yaml",
    "state_top": "the top file is top.sls or top.zy here",
    "jinja_env": "peels have it, too: write the same in peel.yaml",
    "jinja_sls_env": "peels have it, too: write the same in peel.yaml",
}
"""Keys that say more of trees than their folders, and what becomes of them."""


class Roots(msgspec.Struct, frozen=True, kw_only=True):
    """Folders by environment, and what a person has to look at, each with file and line."""

    states: dict[str, list[str]]
    settings: dict[str, list[str]]
    notes: tuple[str, ...] = ()


class _Value(msgspec.Struct, frozen=True):
    """What a key holds, and where it stands; no place for Salt's own default."""

    value: Any
    place: nodes.Place | None = None

    def told(self, text: str) -> str:
        """Give a text with the place before it."""
        return text if self.place is None else f"{self.place.file}:{self.place.line}: {text}"


def read_roots(path: Path) -> Roots:
    """Read `file_roots` and `pillar_roots` of a Salt master's configuration.

    What it includes is read, too: `default_include` (`master.d/*.conf`) and `include`.

    Raises:
        ZesterError: it is no such configuration.
    """
    config = _with_included(path)
    states = _roots(config, "file_roots", "/srv/salt")
    settings = _roots(config, "pillar_roots", "/srv/pillar")
    return Roots(states=states, settings=settings, notes=tuple(_notes(config, states, settings)))


def _with_included(path: Path) -> dict[str, _Value]:
    config = _read(path)
    patterns = [config.get("default_include", _Value("master.d/*.conf")).value]
    more = config.get("include", _Value([])).value
    patterns += more if isinstance(more, list) else [more]
    for pattern in filter(None, patterns):
        # a key of an included file takes the place of the whole key, as in Salt
        for one in sorted(glob.glob(os.path.join(path.parent, str(pattern)))):  # noqa: PTH118, PTH207  # it may be absolute
            config |= _read(Path(one))
    return config


def _read(path: Path) -> dict[str, _Value]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ZesterError(f"{path} cannot be read: {why}") from error
    loaded = load(text, str(path), "sls")
    if loaded.problems:
        one = loaded.problems[0]
        raise ZesterError(f"{one.place}: {one.message}", hint=one.hint)
    if loaded.root is None:
        return {}
    if not isinstance(loaded.root, nodes.Mapping):
        raise ZesterError(f"{path} is no Salt configuration", hint="it has to be a map")
    return {key.text: _Value(plain(value, "sls"), key.place) for key, value in loaded.root.pairs}


def _roots(config: Mapping[str, _Value], key: str, default: str) -> dict[str, list[str]]:
    found = config.get(key, _Value(None))
    if found.value is None:
        return {"base": [default]}
    try:
        return msgspec.convert(found.value, dict[str, list[str]])
    except msgspec.ValidationError as error:
        raise ZesterError(
            found.told(f"{key} is no map of lists of folders"), hint="base: [/srv/salt]"
        ) from error


def _notes(
    config: Mapping[str, _Value], states: Mapping[str, Sequence[str]],
    settings: Mapping[str, Sequence[str]],
) -> Iterator[str]:  # fmt: skip
    for key, roots in (("file_roots", states), ("pillar_roots", settings)):
        found = config.get(key, _Value(None))
        for env, folders in roots.items():
            if env == "__env__":
                yield found.told(f"{key}: __env__ is any environment in Salt; name each one here")
            for folder in folders:
                if problem := _unreadable(folder):
                    yield found.told(f"{key}: {env}: {problem}")
    for key, advice in _ELSEWHERE.items():
        if (found := config.get(key)) is not None and found.value:
            yield found.told(f"{key}{_named(found.value)} is not taken over: {advice}")


def _unreadable(folder: str) -> str:
    path = Path(folder)
    if not path.is_dir():
        return f"there is no folder {folder}"
    return "" if os.access(path, os.R_OK | os.X_OK) else f"the folder {folder} cannot be read"


def _named(value: Any) -> str:
    """Give the names in a list or map, which may be the keys of maps in it."""
    if not isinstance(value, list | dict):
        return ""
    return f" ({', '.join(str(_first(one)) for one in cast('Iterable[Any]', value))})"


def _first(one: Any) -> Any:
    return next(iter(cast("dict[Any, Any]", one)), "") if isinstance(one, dict) else one
