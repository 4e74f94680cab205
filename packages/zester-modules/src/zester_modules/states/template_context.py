"""What templates of a tree see: facts, settings, the basket, and Salt's names for all of it."""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import msgspec

from zester_modules.context import Context
from zester_modules.states.laid import secret_paths
from zester_modules.states.template_calls import Salt, TemplateCalls
from zester_proto.errors import ZesterError
from zester_proto.grains import grains_view
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Dialect, Problem
from zester_proto.render.renderer import Limits, Rendered, Renderer
from zester_proto.render.secret_text import Lookup, Secrets
from zester_proto.render.values import plain
from zester_proto.render.yaml import load
from zester_proto.secrets.watched import Reads, watched
from zester_proto.tree.files import TreeFiles
from zester_proto.tree.folders import Tree
from zester_proto.tree.reference import env_options


class Given(msgspec.Struct, kw_only=True):
    """All that a compile is given besides the tree."""

    context: Context
    """Of the job: facts, settings, options, registry."""
    template_functions: frozenset[str] = frozenset()
    groups: Mapping[str, str | Sequence[str]] = {}
    codes: CodeCache | None = None
    limits: Limits | None = None
    secret: Lookup | None = None
    """Gives secrets to templates of settings."""
    filters: Mapping[str, Callable[..., Any]] = {}
    jinja_env: Mapping[str, Any] = {}
    jinja_sls_env: Mapping[str, Any] = {}
    cli: str = "salt-call"
    """What `opts.__cli` says: formulas look there to learn how they are run."""


class Templates:
    """Renders files of one tree for one compile; what it copies is gone with it."""

    def __init__(self, tree: TreeFiles, given: Given) -> None:
        self.env = "base"
        self._tree = tree
        self._given = given
        self.facts: dict[str, Any] = copy.deepcopy(dict(given.context.facts))
        self.reads = Reads()
        """Counts reads of secrets among the settings."""
        self.settings = _watched(given.context.settings, self.reads)
        self.grains = copy.deepcopy(grains_view(self.facts))
        self.options = self._options()
        self.context = msgspec.structs.replace(
            given.context, facts=self.facts, settings=self.settings, options=self.options, tree=self
        )
        self.secrets = Secrets(given.secret)
        self.calls = TemplateCalls(self.context, given.template_functions)
        self.called = self.calls.called
        self._names = self._make_names()
        self._renderers: dict[str, Renderer] = {}

    def _options(self) -> dict[str, Any]:
        context = self._given.context
        own = self._tree.roots if isinstance(self._tree, Tree) else {}
        roots = {env: [str(root) for root in roots] for env, roots in own.items()}
        return {
            "id": context.peel_id,
            "file_client": "local",
            "file_roots": roots,
            "pillar_roots": {},
            "cachedir": str(context.tmp),
            "config_dir": str(context.facts_dir.parent),
            "test": context.test,
            "__cli": self._given.cli,
            **copy.deepcopy(dict(context.options)),
        }

    def _make_names(self) -> dict[str, Any]:
        return {
            "facts": self.facts,
            "grains": self.grains,
            "settings": self.settings,
            "pillar": self.settings,
            "salt": Salt(self.calls),
            "peel_id": self._given.context.peel_id,
            "basket": self._basket,
            "ifelse": self._if_else,
            "secret": _no_secret,
        }

    def _basket(self, target: str, name: str) -> list[dict[str, Any]]:
        self.called.add("basket")
        ask = self.context.basket
        return [one.shown() for one in ask(target, name)] if ask is not None else []

    def _if_else(self, *cases: Any, default: Any = None) -> Any:
        """Give the value behind the first target that means this peel, as in Salt."""
        pairs = list(zip(cases[::2], cases[1::2], strict=False))
        for target, value in pairs:
            if self.is_meant(str(target)):
                return value
        return cases[-1] if len(cases) % 2 else default

    def is_meant(self, expression: str, kind: str = "compound") -> bool:
        """Say whether a target means this peel.

        Raises:
            TargetError: it is malformed.
        """
        if expression == "*" and kind in {
            "compound",
            "glob",
        }:  # what most top files say; the language takes 4 ms to import
            return True
        from zester_proto.target import matches, parse  # noqa: PLC0415  # the same
        from zester_proto.tree.salt_targets import in_our_letters  # noqa: PLC0415  # the same

        node = parse(in_our_letters(expression, kind), groups=self._given.groups)
        # a Salt tree's top file asks for Salt's names
        facts = {**self.grains, **self.facts}
        return matches(node, self._given.context.peel_id, facts, self.settings)

    def names(self, env: str, extra: Mapping[str, Any]) -> dict[str, Any]:
        """Give the context of one template."""
        opts = MappingProxyType({**self.options, **env_options(env)})
        return {**self._names, "opts": opts, "env": env, "saltenv": env, **extra}

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
        self.env = env
        return self._renderer(env).render(
            path, self.names(env, extra), dialect=dialect, text=text, source=source
        )

    def check(self, env: str, path: str, data: bytes) -> tuple[Problem, ...]:
        """Compile a file of the tree, and give what is wrong with its syntax."""
        return self._renderer(env).check(path, data)

    def _renderer(self, env: str) -> Renderer:
        renderer = self._renderers.get(env)
        if renderer is None:
            given = self._given
            renderer = self._renderers[env] = Renderer(
                lambda path: self._bytes(env, path), codes=given.codes, filters=given.filters,
                env=given.jinja_env, sls_env=given.jinja_sls_env, limits=given.limits,
                secrets=self.secrets if given.secret is not None else None, reads=self.reads,
            )  # fmt: skip
        return renderer

    def _bytes(self, env: str, path: str) -> bytes | None:
        data = self._tree.read(env, path)
        if data is None:
            self._tree.refuse_barred(env, path)
        return data

    # What functions may ask of the tree (tree_view.py).

    def states(self, env: str) -> list[str]:
        """Give the references of all state files."""
        return sorted(self._tree.references(env))

    def folders(self, env: str) -> list[str]:
        """Give all folders."""
        return self._tree.folders(env)

    def links(self, env: str) -> Mapping[str, str]:
        """Give where links lead, by their paths."""
        return self._tree.links(env)

    def files(self, env: str) -> list[str]:
        """Give the paths of all files."""
        return list(self._tree.paths(env))

    def data(self, path: str, text: str | None, names: Mapping[str, Any], *, plain: bool) -> Any:
        """Render a file (or a text) of the tree and read it as YAML; `plain`: without Jinja.

        Raises:
            ZesterError: it cannot be rendered or read.
        """
        for scheme in ("salt://", "zester://"):
            path = path.removeprefix(scheme)
        if plain:
            raw = text if text is not None else (self._tree.read(self.env, path) or b"").decode()
            lines = LineMap.plain(path, raw)
        else:
            rendered = self.render(self.env, path or "string", names, text=text)
            _raise(rendered.problems)
            lines = rendered.lines
        loaded = load(lines.text, path, "sls", lines)
        _raise(loaded.problems)
        return _plain(loaded.root)


def _watched(settings: Mapping[str, Any], reads: Reads) -> dict[str, Any]:
    secrets = secret_paths(settings)
    return watched(copy.deepcopy(dict(settings)), secrets, reads)


def _no_secret(name: str) -> NoReturn:
    raise ZesterError(
        f"secret({name!r}) is for settings, and this is no settings file",
        hint="put it into the settings of this peel and use it from there",
    )


def _plain(root: Any) -> Any:
    return plain(root, "sls")


def _raise(problems: Sequence[Problem]) -> None:
    if problems:
        one = problems[0]
        where = f" ({one.place})" if one.place else ""
        raise ZesterError(f"{one.message}{where}", hint=one.hint)


def code_cache(folder: Path | None) -> CodeCache:
    """Give a cache of compiled templates in a folder of ours, or in memory."""
    return CodeCache(folder)
