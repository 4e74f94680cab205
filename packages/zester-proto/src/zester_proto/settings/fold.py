"""What an expression of a template is, as far as its text says so: a pattern with `*`."""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import nodes

from zester_proto.render.environment import names_of
from zester_proto.tree.reference import reference_of, sls_names

ANY: Final = "*"
_DEEPEST: Final = 20
_MOST: Final = 50


def known_names(env: str, path: str, tree: nodes.Template) -> dict[str, Any]:
    """Give what is known of names in a file: Zester's own, and those set once to something fixed.

    Args:
        env: the file's environment.
        path: the file.
        tree: what Jinja's parser made of it.
    """
    names: dict[str, Any] = {**sls_names(reference_of(path) or "", path, env), **names_of(path)}
    seen: set[str] = set()
    for node in tree.find_all((nodes.Name, nodes.NSRef)):
        if isinstance(node, nodes.NSRef) or node.ctx != "load":
            # One that is set twice, by a loop or by a macro's call is what that makes it.
            names.pop(node.name, None)
            seen.add(node.name)
    for node in tree.find_all(nodes.Assign):
        target = node.target
        if isinstance(target, nodes.Name) and _times_set(tree, target.name) == 1:
            names[target.name] = node.node
    return names


def _times_set(tree: nodes.Template, name: str) -> int:
    return sum(one.name == name and one.ctx != "load" for one in tree.find_all(nodes.Name))


def patterns(node: nodes.Node, names: Mapping[str, Any], depth: int = 0) -> list[str]:
    """Give the texts that an expression may be, with `*` for each part that is not known."""
    if depth > _DEEPEST:
        return [ANY]
    match node:
        case nodes.Const():
            return [str(node.value)]
        case nodes.TemplateData():
            return [node.data]
        case nodes.Name():
            known = names.get(node.name, ANY)
            return patterns(known, names, depth + 1) if isinstance(known, nodes.Node) else [known]
        case nodes.Concat():
            return _joined([patterns(one, names, depth + 1) for one in node.nodes])
        case nodes.Add():
            parts = (node.left, node.right)
            return _joined([patterns(one, names, depth + 1) for one in parts])
        case nodes.List() | nodes.Tuple():
            return [text for one in node.items for text in patterns(one, names, depth + 1)]
        case nodes.CondExpr():
            parts = (node.expr1, *([node.expr2] if node.expr2 else []))
            return [text for one in parts for text in patterns(one, names, depth + 1)]
        case _:
            return [ANY]


def _joined(parts: list[list[str]]) -> list[str]:
    made = [""]
    for part in parts:
        made = [begin + end for begin in made for end in part]
        if len(made) > _MOST:
            return [ANY]
    return made


def printed(tree: nodes.Template, names: Mapping[str, Any]) -> list[str]:
    """Give the texts that a template without statements may render to."""
    parts: list[list[str]] = []
    for node in tree.body:
        if not isinstance(node, nodes.Output):
            return [ANY]
        parts += [patterns(one, names) for one in node.nodes]
    return _joined(parts)


def file_pattern(text: str, path: str) -> str | None:
    """Give the pattern of a file that a template names; None if it leads out of the tree."""
    for scheme in ("salt://", "zester://"):
        text = text.removeprefix(scheme)
    if text.split("/", 1)[0] in {".", ".."}:
        text = posixpath.join(posixpath.dirname(path), text)
    text = posixpath.normpath(text)
    return None if text.startswith(("/", "../")) or text in {".", ".."} else text


def says_something(pattern: str) -> bool:
    """Say whether a pattern has a part that is known."""
    return bool(pattern.strip("*/.?"))
