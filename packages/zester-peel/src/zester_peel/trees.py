"""Where this peel's trees lie, as its configuration says."""

from pathlib import Path

from zester_modules.states.trees import Roots, Trees
from zester_peel.config import PeelConfig


def trees_of(config: PeelConfig) -> Trees:
    """Give the trees as they are now: roots of this host itself, or those that were fetched."""
    return Trees(
        states=_given(config.state_roots) or _fetched(config.states_cache),
        codes=str(config.state_dir / "templates"),
        backups=str(config.state_dir / "backups"),
        template_functions=config.template_functions,
        strict=config.strict,
        failhard=config.failhard,
    )


def _given(roots: tuple[str, ...]) -> Roots:
    found: dict[str, tuple[str, ...]] = {}
    for one in roots:
        name, sign, folder = one.partition("=")
        if not sign or "/" in name:
            name, folder = "base", one
        found[name] = (*found.get(name, ()), folder)
    return found


def _fetched(cache: Path | None) -> Roots:
    """Give a folder for each environment."""
    if cache is None or not cache.is_dir():
        return {}
    return {one.name: (str(one),) for one in sorted(cache.iterdir()) if one.is_dir()}
