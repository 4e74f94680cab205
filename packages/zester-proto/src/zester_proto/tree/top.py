"""The top file: which files of a tree are meant for this peel."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.render.nodes import Mapping, Node, Place, Scalar, Sequence
from zester_proto.render.yaml import load
from zester_proto.tree.files import BadTree, TreeFiles
from zester_proto.tree.problems import Problems
from zester_proto.tree.reference import Found
from zester_proto.tree.rendering import Rendering
from zester_proto.tree.salt_targets import KINDS
from zester_proto.units import did_you_mean


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or a pattern of files, that a line of a top file names for this peel."""

    env: str
    reference: str
    place: Place
    target: str
    """As it was written."""
    at: Place
    """Where the target stands."""
    kind: str
    """How the target is read: a word of `match`."""
    ignore_missing: bool = False
    """It need not be there (settings)."""
    trust_facts: bool = False
    """What the peel says of itself may decide that it gets this file's secrets (settings)."""


INCLUDE: Final = "include"
"""The key with more top files, as in Salt; no environment has this name."""

_FORM: Final = "write `base:`, below it a target such as `'*':`, and below that `- name` lines"
_OPTIONS: Final = ("ignore_missing", "match", "order", "trust_facts")


def read_top(
    tree: TreeFiles, templates: Rendering, problems: Problems, env: str | None
) -> tuple[list[Asked], list[str]]:
    """Give what the top files name for this peel, in written order, and the files read.

    Args:
        tree: where they are.
        templates: renders them and knows this peel.
        problems: where what is wrong is noted.
        env: look in this environment's alone; else `base`'s counts for all environments, and
            another's for its own where base's says nothing about it.
    """
    lines, files = top_lines(tree, templates, problems, env)
    return meant(lines, templates, problems), files


def meant(lines: Iterable[Asked], templates: Rendering, problems: Problems) -> list[Asked]:
    """Give the lines of top files whose targets mean this peel, each file once."""
    asked = [one for one in lines if _is_meant(one, templates, problems)]
    return list({(one.env, one.reference): one for one in reversed(asked)}.values())[::-1]


def top_lines(
    tree: TreeFiles, templates: Rendering, problems: Problems, env: str | None
) -> tuple[list[Asked], list[str]]:
    """Give all that the top files name, for whomever, in written order, and the files read.

    Args:
        tree: where they are.
        templates: renders them.
        problems: where what is wrong is noted.
        env: as of `read_top`.
    """
    asked: list[Asked] = []
    seen: set[str] = set()
    files: list[str] = []
    for own in [env] if env else tree.environments:
        said: set[str] = set()
        roots = _roots(tree, templates, problems, own, files)
        for key, value in (pair for root in roots for pair in root.pairs):
            if key.text == INCLUDE:
                continue
            if key.text not in tree.environments:
                hint = did_you_mean(key.text, tree.environments)
                problems.error(f"there is no environment {key.text!r}", key.place, hint)
            elif (env and key.text != env) or (own not in {"base", key.text} or key.text in seen):
                continue
            else:
                said.add(key.text)
                asked += _section(key.text, value, problems)
        seen |= said
    if env and env not in tree.environments:
        hint = did_you_mean(env, tree.environments)
        problems.error(f"there is no environment {env!r}", None, hint)
    elif not files and not problems.count:
        where = f" in the environment {env!r}" if env else ""
        problems.error(
            f"there is no top file{where}", None, "write top.zy or top.sls at the top of the tree"
        )
    return asked, files


def _is_meant(one: Asked, templates: Rendering, problems: Problems) -> bool:
    try:
        return templates.is_meant(one.target, one.kind)
    except ZesterError as error:
        problems.error(f"{one.target!r}: {error.message}", one.at, error.hint)
        return False


def _roots(
    tree: TreeFiles, templates: Rendering, problems: Problems, env: str, files: list[str]
) -> Iterator[Mapping]:
    """Give the top file of an environment, then those that it includes, each once."""
    try:
        top = tree.top(env)
        waiting = [top] if top is not None else []
        done: set[str] = set()
        while waiting:
            found = waiting.pop(0)
            if found.path in done:
                continue
            done.add(found.path)
            files.append(found.path)
            root = _root(templates, problems, env, found)
            if root is not None:
                yield root
                waiting += _included(tree, problems, env, root)
    except BadTree as error:
        problems.error(error.message, None, error.hint)


def _included(tree: TreeFiles, problems: Problems, env: str, root: Mapping) -> Iterator[Found]:
    for key, value in root.pairs:
        if key.text != INCLUDE:
            continue
        for one in value.items if isinstance(value, Sequence) else (value,):
            if not isinstance(one, Scalar):
                problems.error("`include` of a top file is a list of top files", one.place)
            elif (found := tree.find(env, one.text)) is not None:
                yield found
            else:
                hint = did_you_mean(one.text, tree.references(env))
                message = f"there is no {one.text!r} to include in environment {env!r}"
                problems.error(message, one.place, hint)


def _root(templates: Rendering, problems: Problems, env: str, found: Found) -> Mapping | None:
    rendered = templates.render(env, found.path, {"sls": "top"}, dialect=found.dialect)
    problems.extend(rendered.problems)
    if rendered.problems:
        return None
    loaded = load(rendered.text, found.path, found.dialect, rendered.lines)
    problems.extend(loaded.problems)
    if loaded.root is not None and not isinstance(loaded.root, Mapping):
        problems.error("a top file is a mapping of environments", loaded.root.place, _FORM)
    return loaded.root if isinstance(loaded.root, Mapping) and not loaded.problems else None


def _section(env: str, node: Node, problems: Problems) -> Iterable[Asked]:
    if not isinstance(node, Mapping):
        problems.error(f"{env!r} in a top file is a mapping of targets", node.place, _FORM)
        return
    blocks = [(target, *_block(value, problems)) for target, value in node.pairs]
    for target, options, references in sorted(blocks, key=lambda block: block[1].order):
        for one in references:
            if not one.text:
                hint = "write a list of files below it, or take the line away"
                problems.error(f"{target.text!r} in a top file names no file", one.place, hint)
                continue
            yield Asked(
                env=env, reference=one.text, place=one.place, target=target.text, at=target.place,
                kind=options.match, ignore_missing=options.ignore_missing,
                trust_facts=options.trust_facts,
            )  # fmt: skip


class _Options(msgspec.Struct):
    """What the maps in a target's list say."""

    match: str = "compound"
    order: int = 0
    ignore_missing: bool = False
    trust_facts: bool = False


def _block(node: Node, problems: Problems) -> tuple[_Options, list[Scalar]]:
    options = _Options()
    references: list[Scalar] = []
    for item in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(item, Scalar):
            references.append(item)
            continue
        for key, value in item.pairs if isinstance(item, Mapping) else ():
            _option(options, key, value, problems)
    return options, references


def _option(options: _Options, key: Scalar, value: Node, problems: Problems) -> None:
    text = value.text if isinstance(value, Scalar) else ""
    if key.text not in _OPTIONS:
        hint = did_you_mean(key.text, _OPTIONS)
        problems.error(f"a top file knows no {key.text!r} here", key.place, hint)
    elif key.text == "match":
        if text not in KINDS:
            problems.error("`match` names no matcher", key.place, ", ".join(KINDS))
        else:
            options.match = text
    elif key.text == "order":
        try:
            options.order = int(text)
        except ValueError:
            problems.error("`order` is a whole number", value.place)
    else:
        # The words of both dialects: what is true in either is meant so.
        setattr(options, key.text, text.lower() in {"true", "yes", "on"})
