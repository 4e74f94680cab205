"""The top file: which state files are meant for this peel."""

from collections.abc import Iterable
from typing import Final

from zester_proto.errors import ZesterError
from zester_proto.render.nodes import Mapping, Node, Place, Scalar, Sequence
from zester_proto.render.yaml import load
from zester_proto.tree.files import BadTree, TreeFiles
from zester_proto.tree.problems import Problems
from zester_proto.tree.rendering import Rendering
from zester_proto.units import did_you_mean

Asked = tuple[str, str, Place]
"""Environment, reference, and the line of the top file."""

_MATCHERS: Final = (
    "compound", "glob", "list", "pcre", "grain", "grain_pcre", "pillar", "pillar_pcre",
    "pillar_exact", "ipcidr", "nodegroup", "data", "exsel",
)  # fmt: skip


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
    asked: list[Asked] = []
    seen: set[str] = set()
    files: list[str] = []
    for own in [env] if env else tree.environments:
        root = _root(tree, templates, problems, own, files)
        for key, value in root.pairs if root else ():
            if key.text not in tree.environments:
                hint = did_you_mean(key.text, tree.environments)
                problems.error(f"there is no environment {key.text!r}", key.place, hint)
            elif (env and key.text != env) or (own not in {"base", key.text} or key.text in seen):
                continue
            else:
                seen.add(key.text)
                asked += _section(key.text, value, templates, problems)
    if not files and not problems.count:
        problems.error(
            "there is no top file", None, "write top.zy or top.sls at the top of the tree"
        )
    elif not asked and not problems.count:
        problems.error("the top file names nothing for this peel", None, f"looked in {files[0]}")
    return list({(one[0], one[1]): one for one in reversed(asked)}.values())[::-1], files


def _root(
    tree: TreeFiles, templates: Rendering, problems: Problems, env: str, files: list[str]
) -> Mapping | None:
    try:
        found = tree.top(env)
    except BadTree as error:
        problems.error(error.message, None, error.hint)
        return None
    if found is None:
        return None
    files.append(found.path)
    rendered = templates.render(env, found.path, {"sls": "top"}, dialect=found.dialect)
    problems.extend(rendered.problems)
    if rendered.problems:
        return None
    loaded = load(rendered.text, found.path, found.dialect, rendered.lines)
    problems.extend(loaded.problems)
    if loaded.root is not None and not isinstance(loaded.root, Mapping):
        problems.error("a top file is a mapping of environments", loaded.root.place)
    return loaded.root if isinstance(loaded.root, Mapping) and not loaded.problems else None


def _section(env: str, node: Node, templates: Rendering, problems: Problems) -> Iterable[Asked]:
    if not isinstance(node, Mapping):
        problems.error(f"{env!r} in a top file is a mapping of targets", node.place)
        return
    for target, value in node.pairs:
        items = value.items if isinstance(value, Sequence) else (value,)
        kind, references = _items(items, problems)
        try:
            meant = templates.is_meant(target.text, kind)
        except ZesterError as error:
            problems.error(f"{target.text!r}: {error.message}", target.place, error.hint)
            continue
        if meant:
            for one in references:
                yield env, one.text, one.place


def _items(items: Iterable[Node], problems: Problems) -> tuple[str, list[Scalar]]:
    kind = "compound"
    found: list[Scalar] = []
    for item in items:
        if isinstance(item, Scalar):
            found.append(item)
            continue
        for key, value in item.pairs if isinstance(item, Mapping) else ():
            if key.text == "match" and isinstance(value, Scalar) and value.text in _MATCHERS:
                kind = value.text
            elif key.text == "match":
                problems.error("`match` names no matcher", key.place, ", ".join(_MATCHERS))
            elif key.text not in {"order", "ignore_missing"}:
                problems.error(f"a top file knows no {key.text!r} here", key.place)
    return kind, found
