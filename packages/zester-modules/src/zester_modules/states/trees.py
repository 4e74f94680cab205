"""Where a peel's trees lie, and what its configuration says of runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from zester_modules.context import Context, LazySettings
from zester_modules.errors import Refused
from zester_proto.messages.settings import SettingsBundle
from zester_proto.secrets.masker import Masker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zester_modules.basket.item import Basket, BasketItem
    from zester_modules.registry import Registry
    from zester_proto.providers import Provider
    from zester_proto.settings.model import Compiled

Roots = Mapping[str, tuple[str, ...]]
"""Environment to folders, the strongest first."""

CACHE: Final = Path("/var/cache/zester")
CACHE_MAX: Final = 8 * 1024**3
BACKUPS: Final = Path("/var/lib/zester/backups")


class SealedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that a master sealed for this peel: the bundle, and where its files lie."""

    bundle: SettingsBundle
    folder: str
    """The files as they came, encrypted."""


class Trees(msgspec.Struct, frozen=True, kw_only=True):
    """All that a run needs of the configuration; it travels from the agent to a worker."""

    states: Roots = {}
    settings: Roots = {}
    sealed: SealedSettings | None = None
    """What a master sealed for this peel; roots of its own win."""
    unsettled: str = ""
    """Why nobody knows what the settings are: who looks at them is refused."""
    unsettled_hint: str = ""
    env: str = ""
    """The environment of runs that name none; "" is base, and all for the top file."""
    codes: str = ""
    """Folder of compiled templates; "" keeps them nowhere."""
    backups: str = str(BACKUPS)
    cache: str = str(CACHE / "web")
    """Folder of what came from the web."""
    template_functions: tuple[str, ...] = ()
    groups: Mapping[str, str] = {}
    """Named targets, for `N@` in top files."""
    options: Mapping[str, Any] = {}
    jinja_env: Mapping[str, Any] = {}
    """Jinja's settings for sources of files."""
    jinja_sls_env: Mapping[str, Any] = {}
    """The same for files of the tree itself."""
    modules: bool = False
    """Whether code in `_modules/` and `_states/` is loaded."""
    strict: bool = False
    strict_guards: bool = False
    failhard: bool = False
    parallel: int = 4
    cache_max: int = CACHE_MAX
    """Bytes of all that came from the web."""
    revision: str = ""
    """The published revision whose folders these are; "" where they are this host's own."""
    agent: str = ""
    """Socket of the agent, which fetches files of that revision and knows the basket."""
    basket_functions: Mapping[str, Any] = {}
    """What the peel's configuration shares with others."""

    def paths(self) -> dict[str, list[Path]]:
        """Give the roots of states."""
        return _paths(self.states)

    def settings_paths(self) -> dict[str, list[Path]]:
        """Give the roots of settings."""
        return _paths(self.settings)


def _paths(roots: Roots) -> dict[str, list[Path]]:
    return {env: [Path(one) for one in folders] for env, folders in roots.items()}


def use(trees: Trees, context: Context) -> None:
    """Let a job work with these trees; its settings are rendered when something looks at them."""
    context.trees = trees
    context.roots = trees.paths()
    context.template_functions = frozenset(trees.template_functions)
    context.strict = trees.strict
    context.options = {**trees.options, **context.options}
    context.codes = Path(trees.codes) if trees.codes else None
    if trees.agent:
        context.basket = _basket(trees.agent)
    if trees.sealed is not None:
        learn(trees.sealed.bundle, context.masker)
    if trees.settings or trees.sealed is not None or trees.unsettled:
        context.settings = LazySettings(
            lambda: _settings(trees, context), lambda: _settings(trees, context, whole=True)
        )


def learn(bundle: SettingsBundle, masker: Masker) -> None:
    """Let a masker know the secrets of a bundle."""
    known = bundle.secrets
    short = [known[name] for name in bundle.short if name in known]
    masker.learn(known.values(), short)


def _settings(trees: Trees, context: Context, *, whole: bool = False) -> "Compiled":
    compiled = _compiled(trees, context, whole=whole)
    context.masker.learn(compiled.secret_texts())
    return compiled


def _compiled(trees: Trees, context: Context, *, whole: bool) -> "Compiled":
    if trees.settings:
        from zester_modules.states import settings_of  # noqa: PLC0415  # brings Jinja

        lists = "append" if context.options.get("pillar_merge_lists") else "replace"
        return settings_of.settings_of(trees.settings_paths(), context, lists=lists)
    if trees.sealed is None:
        raise Refused(trees.unsettled, hint=trees.unsettled_hint)
    from zester_modules.states import sealed_settings  # noqa: PLC0415  # brings Jinja and libsodium

    return sealed_settings.compiled(trees.sealed, context, whole=whole)


def with_modules(registry: "Registry", trees: Trees | None) -> "Registry":
    """Give a registry that knows the functions in the tree, too, or says that they are off."""
    if trees is None or not trees.states:
        return registry

    def scan() -> "Iterable[Provider]":
        from zester_modules.states import tree_modules  # noqa: PLC0415  # where nobody else answers

        return tree_modules.providers(trees, tree_modules.FUNCTIONS)

    return registry.beside(scan)


def _basket(agent: str) -> "Basket":
    def ask(target: str, name: str) -> "Sequence[BasketItem]":
        from zester_modules.basket.desk import AgentBasket  # noqa: PLC0415  # few jobs need it

        return AgentBasket(agent)(target, name)

    return ask
