"""Puts secrets into what was read of a settings file, and remembers where they are.

`!secret NAME` is replaced by the value, `!encrypted "literal"` by the literal (a tree that is
published has a reference in its place), and the placeholder that `secret('NAME')` printed by the
value. All these texts, and those in which a secret is found otherwise, get the tag `!secret`.
"""

from collections.abc import Iterator
from typing import Final

from zester_proto.render.nodes import Dialect, Mapping, Node, Scalar, Sequence
from zester_proto.render.secret_text import ENCRYPTED, SECRET, NoSecret, Secrets
from zester_proto.render.values import scalar
from zester_proto.settings.model import Path
from zester_proto.tree.problems import Problems

SHORTEST: Final = 6
"""Characters; a shorter value is found in too many texts to say anything."""


def resolved(root: Mapping, text: str, secrets: Secrets, problems: Problems) -> Mapping:
    """Give a file's tree, read from this text, with its secrets."""
    if not secrets.used and SECRET not in text and ENCRYPTED not in text:
        return root
    return _Resolver(secrets, problems).mapping(root)


def secret_paths(node: Node, words: Dialect, way: Path = ()) -> Iterator[Path]:
    """Give the ways to all secret leaves."""
    match node:
        case Scalar():
            if node.tag == SECRET:
                yield way
        case Sequence():
            for number, item in enumerate(node.items):
                yield from secret_paths(item, words, (*way, number))
        case Mapping():
            for key, value in node.pairs:
                yield from secret_paths(value, words, (*way, scalar(key, words)))


class _Resolver:
    def __init__(self, secrets: Secrets, problems: Problems) -> None:
        self._secrets = secrets
        self._problems = problems
        self._values = [one for one in secrets.values if len(one) >= SHORTEST]

    def mapping(self, node: Mapping) -> Mapping:
        """Give a mapping with its secrets; one without is given as it is."""
        values = [self._node(value) for _, value in node.pairs]
        for key, _ in node.pairs:
            self._check_key(key)
        tag = self._tag(node)
        if tag == node.tag and all(
            new is old for new, (_, old) in zip(values, node.pairs, strict=True)
        ):
            return node
        pairs = tuple((key, new) for (key, _), new in zip(node.pairs, values, strict=True))
        return Mapping(pairs, node.place, tag)

    def _node(self, node: Node) -> Node:
        match node:
            case Scalar():
                return self._scalar(node)
            case Sequence():
                items = tuple(self._node(item) for item in node.items)
                return Sequence(items, node.place, self._tag(node))
            case Mapping():
                return self.mapping(node)

    def _tag(self, node: Sequence | Mapping) -> str:
        if node.tag not in {SECRET, ENCRYPTED}:
            return node.tag
        kind = "a list" if isinstance(node, Sequence) else "a mapping"
        self._problems.error(
            f"{node.tag} stands before {kind}, and is for a single text", node.place
        )
        return ""

    def _check_key(self, key: Scalar) -> None:
        if key.tag in {SECRET, ENCRYPTED} or self._secrets.is_in(key.text):
            self._problems.error(
                "a secret cannot be the name of a setting", key.place,
                "names are shown; put the secret into the value",
            )  # fmt: skip

    def _scalar(self, node: Scalar) -> Scalar:
        text = node.text
        if node.tag == SECRET:
            try:
                text = str(self._secrets.get(text))
            except NoSecret as error:
                self._problems.error(error.message, node.place, error.hint)
        elif node.tag == ENCRYPTED:
            self._secrets.text(text)
        elif self._secrets.is_in(text):
            text = self._secrets.revealed(text)
            self._secrets.text(text)
        elif not any(one in text for one in self._values):
            return node
        return Scalar(text, False, node.place, SECRET)
