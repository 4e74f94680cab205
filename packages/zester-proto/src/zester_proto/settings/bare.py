"""Renders settings of a peel away from it: with facts and without functions (settings.md 5).

A template that calls a function of the host cannot be known here; its file is `unknown`, with the
line that calls.
"""

import copy
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, NoReturn, TypeAlias, cast

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.grains import LazyGrains, grains_view
from zester_proto.messages.settings import Lists
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.nodes import Dialect
from zester_proto.render.renderer import Limits, Rendered, Renderer
from zester_proto.render.secret_text import Lookup, Secrets
from zester_proto.settings.compile import compile_settings, entries_of
from zester_proto.settings.model import Compiled
from zester_proto.settings.pure import pure_functions
from zester_proto.target import Groups, matches, parse
from zester_proto.tree.files import TreeFiles
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import env_options
from zester_proto.tree.salt_targets import in_our_letters
from zester_proto.tree.top import read_top

_Names: TypeAlias = MutableMapping[str, Any]

Basket = Callable[[str, str], Sequence[Any]]
"""Gives what peels that a target means published under a name."""


class OnlyThere(ZesterError):
    """Raised when a template asks for what only the peel itself can answer."""


class Peel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the peel that settings are rendered for."""

    id: str
    facts: Mapping[str, Any]
    groups: Groups = {}
    basket: Basket | None = None
    copied: bool = True
    """Templates get a copy of the facts, which they may change."""


def compile_bare(
    tree: TreeFiles,
    peel: Peel,
    *,
    env: str | None = None,
    lists: Lists = "replace",
    codes: CodeCache | None = None,
    secret: Lookup | None = None,
) -> Compiled:
    """Render and merge what a tree's top files name for a peel.

    Args:
        tree: the files.
        peel: whom for.
        env: this environment alone; else all that the top files name.
        lists: what lists do where two files have one.
        codes: where compiled templates are kept.
        secret: gives values of secrets; without it each is `<secret NAME>`.
    """
    bare = Bare(tree, peel, codes=codes, secret=secret)
    problems = Problems()
    asked, _ = read_top(tree, bare, problems, env)
    entries = entries_of(asked)
    return compile_settings(tree, bare, entries, lists=lists, problems=problems, places=entries)


class Bare:
    """Renders files of one tree for one peel and one compile; it satisfies `Rendering`.

    Args:
        tree: the files.
        peel: whom they are rendered for.
        secret: gives values of secrets; without it each is `<secret NAME>`.
        codes: where compiled templates are kept.
        limits: how long rendering may take.
    """

    def __init__(
        self,
        tree: TreeFiles,
        peel: Peel,
        *,
        secret: Lookup | None = None,
        codes: CodeCache | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.settings: dict[str, Any] = {}
        self.secrets = Secrets(secret or _named)
        self.called: set[str] = set()
        self._tree = tree
        self._peel = peel
        self._codes = codes
        self._limits = limits
        self._missed = False
        self._renderers: dict[str, Renderer] = {}
        facts: Any = copy.deepcopy(dict(peel.facts)) if peel.copied else peel.facts
        self._grains = grains_view(facts) if peel.copied else LazyGrains(facts)
        self._targeted = ChainMap(cast("_Names", peel.facts), cast("_Names", self._grains))
        self._names: dict[str, Any] = {
            "facts": facts,
            "grains": self._grains,
            "settings": self.settings,
            "pillar": self.settings,
            "salt": _Salt(pure_functions(self._grains, self.settings), self._miss),
            "peel_id": peel.id,
            "basket": self._basket,
            "ifelse": self._if_else,
        }

    def is_meant(self, expression: str, kind: str = "compound") -> bool:
        """Say whether a target means the peel.

        Raises:
            TargetError: it is malformed.
        """
        node = parse(in_our_letters(expression, kind), groups=self._peel.groups)
        # a Salt tree's top file asks for Salt's names
        return matches(node, self._peel.id, self._targeted, self.settings)

    def render(
        self,
        env: str,
        path: str,
        extra: Mapping[str, Any],
        *,
        dialect: Dialect = "sls",
        text: str | None = None,
        source: bool = False,
    ) -> Rendered:
        """Render a file of the tree, or a text that stands for it."""
        self._missed = False
        known = {"id": self._peel.id, "test": False, **env_options(env)}
        options = _Options(known, self._miss)
        names = {**self._names, "opts": options, "env": env, "saltenv": env, **extra}
        rendered = self._renderer(env).render(
            path, names, dialect=dialect, text=text, source=source
        )
        if self._missed and rendered.problems:
            return msgspec.structs.replace(rendered, unknown=True)
        return rendered

    def _renderer(self, env: str) -> Renderer:
        renderer = self._renderers.get(env)
        if renderer is None:
            renderer = self._renderers[env] = Renderer(
                lambda path: self._tree.read(env, path),
                codes=self._codes, limits=self._limits, secrets=self.secrets,
            )  # fmt: skip
        return renderer

    def _miss(self, what: str) -> NoReturn:
        self._missed = True
        raise OnlyThere(
            f"{what} is only known on the peel", hint="facts and settings are known everywhere"
        )

    def _basket(self, target: str, name: str) -> Sequence[Any]:
        if self._peel.basket is None:
            self._miss(f"basket({target!r}, {name!r})")
        return self._peel.basket(target, name)

    def _if_else(self, *cases: Any, default: Any = None) -> Any:
        """Give the value behind the first target that means the peel, as in Salt."""
        for target, value in zip(cases[::2], cases[1::2], strict=False):
            if self.is_meant(str(target)):
                return value
        return cases[-1] if len(cases) % 2 else default


def _named(name: str) -> str:
    return f"<secret {name}>"


class _Salt:
    """`salt['a.b'](...)`, `salt.a.b(...)` and `'a.b' in salt`, for functions that are known."""

    def __init__(
        self, functions: Mapping[str, Any], miss: Callable[[str], NoReturn], module: str = ""
    ) -> None:
        self._functions = functions
        self._miss = miss
        self._module = module

    def __getitem__(self, name: str) -> Any:
        full = f"{self._module}.{name}" if self._module else str(name)
        if "." not in full:
            return _Salt(self._functions, self._miss, full)
        return self._functions[full] if full in self else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._functions or self._miss(f"salt[{name!r}]")

    def get(self, name: str, default: Any = None) -> Any:
        """Give a function; `salt.x.get(...)` calls one."""
        if self._module:
            return self["get"](name, *([] if default is None else [default]))
        return self[name]


class _Options:
    """`opts`: what is known of the peel's options, which is little."""

    def __init__(self, known: Mapping[str, Any], miss: Callable[[str], NoReturn]) -> None:
        self._known = known
        self._miss = miss

    def __getitem__(self, name: str) -> Any:
        return self._known[name] if name in self else None

    def __contains__(self, name: object) -> bool:
        return name in self._known or self._miss(f"the option {name!r}")

    def get(self, name: str, _default: Any = None) -> Any:
        """Give an option."""
        return self[name]
