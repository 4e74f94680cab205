"""Renders and checks a settings tree in a folder, without a server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from zester_master.files.scan import scan
from zester_master.settings.local import read
from zester_master.settings.plan import Sharing
from zester_proto.errors import FileProblem
from zester_proto.messages.settings import Lists
from zester_proto.render.lines import LineMap
from zester_proto.render.nodes import Problem
from zester_proto.render.renderer import Renderer
from zester_proto.render.values import plain
from zester_proto.render.yaml import load
from zester_proto.settings.bare import Peel, compile_bare
from zester_proto.settings.model import Compiled
from zester_proto.settings.shown import described, masked
from zester_proto.target import EveryGroup
from zester_proto.tree.folders import Tree
from zester_proto.tree.problems import where

Output = Literal["json", "yaml", "text"]
Roots = Mapping[str, Sequence[Path]]


def render(
    roots: Roots,
    peel_id: str,
    facts: Mapping[str, Any],
    env: str | None,
    lists: Lists = "replace",
) -> Compiled:
    """Render the settings of a peel.

    Args:
        roots: the folders of each environment.
        peel_id: whose settings.
        facts: its facts.
        env: this environment alone; else all that the top file names.
        lists: what lists do where two files have one.

    Raises:
        FileProblem: one of the folders is none.
    """
    return compile_bare(_tree(roots), Peel(id=peel_id, facts=facts), env=env, lists=lists)


def check(roots: Roots) -> list[Problem]:
    """Give what is wrong with a tree whoever it is rendered for.

    Raises:
        FileProblem: one of the folders is none, or a file cannot be read.
    """
    _tree(roots)
    found = scan(roots)
    local, unread = read(found)
    tree = local.tree
    problems = [Problem(message=text) for text in (*found.problems, *unread)]
    sharing = Sharing(local, b"", EveryGroup())
    problems += sharing.problems()
    closures = sharing.closures
    for env in tree.environments:
        renderer = Renderer(lambda path, env=env: tree.read(env, path))
        for reference in sorted(tree.references(env)):
            closure = closures.of(env, reference)
            problems += closure.problems
            for _, path in closure.files:
                data = tree.read(env, path) or b""
                if path.endswith((".sls", ".zy")) and not closures.analysis(env, path).problems:
                    problems += renderer.check(path, data)
    return sorted(dict.fromkeys(problems), key=where)


def _tree(roots: Roots) -> Tree:
    for folder in (one for folders in roots.values() for one in folders):
        if not folder.is_dir():
            raise FileProblem(
                f"{folder} is no folder", hint="--tree takes the folder that holds the top file"
            )
    return Tree(roots)


def read_facts(path: Path) -> dict[str, Any]:
    """Read facts from a file of JSON or YAML.

    Raises:
        FileProblem: it cannot be read, or holds no mapping.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path} is no UTF-8 text") from error
    loaded = load(text, str(path), "zy", LineMap.plain(str(path), text))
    if loaded.problems:
        raise FileProblem(described(loaded.problems[0]))
    facts = plain(loaded.root, "zy")
    if not isinstance(facts, dict):
        hint = "write it as one mapping: zester facts PEEL --output json prints such"
        raise FileProblem(f"{path} holds no facts", hint=hint)
    return cast("dict[str, Any]", facts)


def written(compiled: Compiled, output: Output, *, show: bool) -> str:
    """Give settings as text.

    Args:
        compiled: the settings.
        output: `json`, `yaml`, or `text`, which is one line for each value.
        show: with what is masked else.
    """
    values = compiled.values if show else masked(compiled)
    if output == "json":
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    if output == "yaml":
        dump: Any = yaml.safe_dump
        return str(dump(values, sort_keys=False, allow_unicode=True))
    return "".join(f"{path} = {json.dumps(value)}\n" for path, value in leaves(values))


def leaves(value: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Give each value with its way, as `key:key:0`; empty maps and lists are values."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(cast("dict[Any, Any]", value).items())
    elif isinstance(value, list):
        pairs = list(enumerate(cast("list[Any]", value)))
    if pairs:
        for key, inner in pairs:
            yield from leaves(inner, (*way, str(key)))
    elif way:
        yield ":".join(way), value
