"""One state file's data: what it includes, excludes and extends, and the states it declares."""

from typing import Any, Final

import msgspec

from zester_modules.words import shown
from zester_proto.render.nodes import Dialect, Mapping, Node, Place, Scalar, Sequence
from zester_proto.render.values import scalar
from zester_proto.tree.problems import Problems

REQUISITES: Final = (
    "require", "require_any", "watch", "watch_any", "prereq", "onfail", "onfail_any", "onfail_all",
    "onchanges", "onchanges_any", "listen",
)  # fmt: skip
"""In the order in which Salt looks at them."""

TURNED: Final = (
    "require_in", "watch_in", "onchanges_in", "onfail_in", "prereq_in", "listen_in", "use_in",
    "require_any_in", "watch_any_in", "onchanges_any_in", "onfail_any_in", "onfail_all_in",
)  # fmt: skip
ALL_REQUISITES: Final = frozenset({*REQUISITES, *TURNED, "use", "prerequired"})

_KINDS: Final = {Scalar: "a single value", Sequence: "a list", Mapping: "a mapping"}


_EXAMPLE: Final = "file.managed"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The file that something was read from."""

    sls: str
    env: str
    path: str
    dialect: Dialect
    context: dict[str, Any] = {}


class Arg(msgspec.Struct, frozen=True, kw_only=True):
    """One `- name: value` of a state."""

    key: str
    place: Place
    value: Node

    def items(self) -> tuple[Node, ...]:
        """Give the members of its list; a single value is a list of one."""
        return self.value.items if isinstance(self.value, Sequence) else (self.value,)


class Block(msgspec.Struct, kw_only=True):
    """A state below an id: `pkg.installed` and what stands under it."""

    id: str
    state: str
    functions: list[tuple[str, Place]]
    args: list[Arg]
    place: Place
    source: Source
    written: int | None = None
    """Its place by definition; None for what an `extend` added, which comes last."""

    def arg(self, key: str) -> Arg | None:
        """Give the argument of that name; the last one counts."""
        return next((one for one in reversed(self.args) if one.key == key), None)

    @property
    def full(self) -> str:
        """`state.function`."""
        return f"{self.state}.{self.functions[-1][0]}" if self.functions else self.state


class Declaration(msgspec.Struct, kw_only=True):
    """An id with its states."""

    id: str
    place: Place
    source: Source
    blocks: dict[str, Block]
    included_from: list[str] = msgspec.field(default_factory=list[str])


class Exclude(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `exclude`."""

    kind: str
    text: str
    place: Place | None
    """None for an argument of the run."""


class Body(msgspec.Struct, kw_only=True):
    """All of one file."""

    source: Source
    includes: list[tuple[str, Scalar]] = msgspec.field(default_factory=list[tuple[str, Scalar]])
    """Environment ("" for the own one) and reference."""
    excludes: list[Exclude] = msgspec.field(default_factory=list[Exclude])
    extends: list[Declaration] = msgspec.field(default_factory=list[Declaration])
    declarations: list[Declaration] = msgspec.field(default_factory=list[Declaration])


def read_body(root: Node | None, source: Source, problems: Problems) -> Body:
    """Read a file's tree; what is malformed is noted and left out."""
    body = Body(source=source)
    if root is None:
        return body
    if not isinstance(root, Mapping):
        problems.error(
            f"{source.path} is {_KINDS[type(root)]}, and must be a mapping of ids",
            root.place, "write `id:` and below it `state.function:`",
        )  # fmt: skip
        return body
    reader = _Reader(source, problems)
    for key, value in root.pairs:
        match key.text if key.plain else "":
            case "include":
                body.includes = reader.includes(value)
            case "exclude":
                body.excludes = reader.excludes(value)
            case "extend":
                body.extends = reader.extends(value)
            case _:
                if (found := reader.declaration(key, value)) is not None:
                    body.declarations.append(found)
    return body


class _Reader:
    def __init__(self, source: Source, problems: Problems) -> None:
        self._source = source
        self._problems = problems

    def includes(self, node: Node) -> list[tuple[str, Scalar]]:
        if not isinstance(node, Sequence):
            self._problems.error("`include` must be a list", node.place, "write `- name` lines")
            return []
        found: list[tuple[str, Scalar]] = []
        for item in node.items:
            if isinstance(item, Scalar) and item.text:
                found.append(("", item))
                continue
            pair = single_pair(item)
            if pair is None or not isinstance(pair[1], Scalar):
                self._problems.error(
                    "an entry of `include` is a reference or `environment: reference`",
                    item.place, "write `- web.nginx` for web/nginx.zy",
                )  # fmt: skip
                continue
            found.append((pair[0].text, pair[1]))
        return found

    def excludes(self, node: Node) -> list[Exclude]:
        if not isinstance(node, Sequence):
            self._problems.error("`exclude` must be a list", node.place, "write `- sls: name`")
            return []
        found: list[Exclude] = []
        for item in node.items:
            pair = single_pair(item)
            if isinstance(item, Scalar):
                found.append(Exclude(kind="sls", text=item.text, place=item.place))
            elif pair and pair[0].text in {"sls", "id"} and isinstance(pair[1], Scalar):
                text = pair[1].text
                found.append(Exclude(kind=pair[0].text, text=text, place=item.place))
            else:
                self._problems.error("an entry of `exclude` is `sls: ...` or `id: ...`", item.place)
        return found

    def extends(self, node: Node) -> list[Declaration]:
        if not isinstance(node, Mapping):
            self._problems.error("`extend` must be a mapping of ids", node.place)
            return []
        made = (self.declaration(key, value) for key, value in node.pairs)
        return [one for one in made if one is not None]

    def declaration(self, key: Scalar, node: Node) -> Declaration | None:
        if not self._is_id(key):
            return None
        found = Declaration(id=key.text, place=key.place, source=self._source, blocks={})
        if isinstance(node, Scalar) and "." in node.text.strip(".") and " " not in node.text:
            state, _, function = node.text.partition(".")
            found.blocks[state] = self._block(key.text, state, [(function, node.place)], node.place)
            return found
        if not isinstance(node, Mapping):
            self._problems.error(
                f"the id {key.text!r} holds {_said(node)}, not a state",
                key.place, _indented_oddly(key.text)
                or f"below it has to stand `state.function:`, such as `{_EXAMPLE}:`",
            )  # fmt: skip
            return None
        for name, value in node.pairs:
            if not name.text.startswith("_"):
                self._state(found, name, value)
        return found

    def _is_id(self, key: Scalar) -> bool:
        if self._source.dialect == "zy" and not key.text.strip():
            self._problems.error("an id is empty", key.place, "name what this state is for")
            return False
        if self._source.dialect == "zy" or isinstance(scalar(key, "sls"), str):
            return True
        self._problems.error(
            f"the id {key.text!r} is no text in Salt's YAML", key.place,
            f'put it in quotes: "{key.text}"',
        )  # fmt: skip
        return False

    def _state(self, found: Declaration, name: Scalar, value: Node) -> None:
        state, dot, function = name.text.partition(".")
        functions = [(function, name.place)] if dot else []
        if state in found.blocks:
            self._problems.error(
                f"the id {found.id!r} has two states of {state}", name.place,
                f"give {name.text} an id of its own, and the name by `- name:`",
            )  # fmt: skip
            return
        block = self._block(found.id, state, functions, name.place)
        if isinstance(value, Scalar) and scalar(value, self._source.dialect) is None:
            self._problems.error(
                f"{name.text} of {found.id!r} has a colon and nothing behind it", name.place,
                f"without arguments write `{found.id}: {name.text}`, or `{name.text}: []`",
            )  # fmt: skip
        elif not isinstance(value, Sequence):
            self._problems.error(
                f"arguments of {name.text} of {found.id!r} are {_KINDS[type(value)]}, not a list",
                value.place, "write each as `- argument: value`",
            )  # fmt: skip
        else:
            for item in value.items:
                self._argument(block, item)
        found.blocks[state] = block

    def _block(
        self, id_: str, state: str, functions: list[tuple[str, Place]], place: Place
    ) -> Block:
        return Block(
            id=id_, state=state, functions=functions, args=[], place=place, source=self._source
        )

    def _argument(self, block: Block, item: Node) -> None:
        if isinstance(item, Scalar):
            if not item.text.strip().isidentifier():
                self._problems.error(
                    f"{shown(item.text)} in {block.id!r} is no function, and no argument either",
                    item.place, "write `- argument: value`",
                )  # fmt: skip
                return
            block.functions.insert(0, (item.text, item.place))
        elif isinstance(item, Mapping) and item.pairs:
            for key, value in item.pairs:
                block.args.append(Arg(key=key.text, place=key.place, value=value))
        else:
            self._problems.error(
                f"an argument in {block.id!r} is {_KINDS[type(item)]}", item.place,
                "write `- argument: value`",
            )  # fmt: skip


def _indented_oddly(text: str) -> str:
    if text[:1].isspace():
        return f"its line begins with U+{ord(text[0]):04X}, which is no space: indent with spaces"
    return ""


def _said(node: Node) -> str:
    if not isinstance(node, Scalar) or node.place.secret:
        return _KINDS[type(node)]
    return shown(node.text) if node.text else "nothing"


def single_pair(node: Node) -> tuple[Scalar, Node] | None:
    """Give the only pair of a mapping, or None."""
    if isinstance(node, Mapping) and len(node.pairs) == 1:
        return node.pairs[0]
    return None


def check_block(block: Block, problems: Problems) -> bool:
    """Say whether a block is whole: one function, requisites and names are lists."""
    good = True
    if len(block.functions) != 1:
        names = ", ".join(name for name, _ in block.functions)
        many = f"{block.id!r} names several functions of {block.state}: {names}"
        problems.error(
            many if names else f"{block.id!r} names no function of {block.state}", block.place,
            f"write {block.state}.function",
        )  # fmt: skip
        good = False
    for arg in block.args:
        listed = isinstance(arg.value, Sequence)
        if arg.key in ALL_REQUISITES and not listed:
            problems.error(
                f"`{arg.key}` of {block.id!r} must be a list", arg.place,
                f"write `- {arg.key}:` and below it `- state: id`",
            )  # fmt: skip
            good = False
        elif arg.key == "names" and not listed and not _is_null(arg.value, block.source.dialect):
            problems.error(
                f"`names` of {block.id!r} must be a list", arg.place,
                "write `- names:` and below it `- name` lines",
            )  # fmt: skip
            good = False
    return good


def _is_null(node: Node, dialect: Dialect) -> bool:
    return isinstance(node, Scalar) and scalar(node, dialect) is None
