"""Trees, facts and the id that the command line gives to a local call."""

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from zester_modules.context import FACTS_DIR
from zester_modules.errors import Refused
from zester_modules.states.trees import Trees
from zester_proto.errors import BadId, FileProblem
from zester_proto.files import cache_folder
from zester_proto.identity.joined import joined_as
from zester_proto.ids import check_peel_id


def trees_of(
    states: list[str], settings: list[str], env: str, *, modules: bool = False
) -> Trees | None:
    """Give the trees; a folder without `ENV=` is of `env`, else of base.

    Raises:
        Refused: one is no folder.
    """
    if not states and not settings:
        return None
    own = env or "base"
    return Trees(
        states=_roots(states, own),
        settings=_roots(settings, own),
        env=env,
        modules=modules,
        codes=_codes(),
    )


def _codes() -> str:
    try:
        return str(cache_folder() / "templates")
    except FileProblem:
        return ""


def _roots(given: list[str], env: str) -> dict[str, tuple[str, ...]]:
    roots: dict[str, tuple[str, ...]] = {}
    for one in given:
        name, sign, folder = one.partition("=")
        if not sign or "/" in name:
            name, folder = env, one
        path = Path(folder).absolute()
        if not path.is_dir():
            raise Refused(f"there is no folder {folder}", hint="--tree and --settings take folders")
        if not os.access(path, os.R_OK | os.X_OK):
            raise Refused(f"{folder} may not be read", hint="as whom does this run?")
        roots[name] = (*roots.get(name, ()), str(path))
    return roots


def facts_of(place: Path | None, peel_id: str) -> tuple[Path, dict[str, Any] | None]:
    """Give the folder of custom facts, or the facts that a file holds.

    Args:
        place: as it was given; None is this host's own folder, which need not be there.
        peel_id: that goes before the facts' own.

    Raises:
        Refused: there is nothing, or the file holds none.
    """
    if place is None or place.is_dir():
        return place or FACTS_DIR, None
    if not place.exists():
        raise Refused(f"there is no {place}", hint="--facts takes a folder of custom facts, or a "
                      "file of all facts")  # fmt: skip
    import yaml  # noqa: PLC0415  # only who gives a file pays

    try:
        found: Any = yaml.safe_load(place.read_text(encoding="utf-8"))  # JSON is YAML, too
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Refused(f"cannot read facts from {place}: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"{place} holds no facts", hint="it has to be a map in YAML or JSON")
    facts = {str(key): value for key, value in cast("dict[Any, Any]", found).items()}
    return place.parent, facts | ({"id": peel_id} if peel_id else {})


def id_of(given: str, facts: Mapping[str, Any] | None, auth: Path) -> str:
    """Give the id under which a call runs: as it was given, as this host joined, or its name.

    Args:
        given: on the command line; may be empty.
        facts: those of the command line, which may name another host.
        auth: folder of the keys with which an agent joined.

    Raises:
        BadId: what was given is none.
    """
    if given:
        return check_peel_id(given)
    if facts is not None:
        return str(facts.get("id", ""))
    with contextlib.suppress(OSError, FileProblem, BadId):
        # we may not be let look, and what is damaged is told by who needs it
        if (joined := joined_as(auth)) is not None:
            return check_peel_id(joined.id)
    try:
        return check_peel_id(socket.gethostname().lower())
    except BadId:
        return ""
