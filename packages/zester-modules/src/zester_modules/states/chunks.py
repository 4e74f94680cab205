"""Single states out of declarations: `names` expanded, `use` copied in, requisites as written."""

from collections.abc import Iterable
from typing import Final

import msgspec

from zester_modules.states.blocks import (
    ALL_REQUISITES,
    REQUISITES,
    TURNED,
    Arg,
    Block,
    Declaration,
    Source,
    check_block,
    single_pair,
)
from zester_modules.states.gather import High
from zester_modules.states.lost import Lost
from zester_proto.render.nodes import Dialect, Node, Place, Scalar, Sequence, is_secret
from zester_proto.render.nodes import Mapping as MapNode
from zester_proto.render.values import scalar
from zester_proto.tree.problems import Problems

_NOT_COPIED: Final = ALL_REQUISITES | {"name", "names", "order"}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a requisite as it was written; of an `_in` form, seen from the other side."""

    kind: str
    key: str
    """The first name of a state, `id` or `sls`."""
    text: str
    place: Place
    function: str = ""
    """Where one function alone is meant: `pkg.installed: nginx` in a `.zy`."""

    def __str__(self) -> str:
        return self.text if self.key == "id" else f"{self.key}: {self.text}"


class Chunk(msgspec.Struct, kw_only=True):
    """One state with one name."""

    index: int
    block: Block
    included_from: list[str]
    function: str
    name: str
    args: dict[str, Arg]
    name_order: int = 0
    secret: bool = False
    """Lines that made it read a secret."""
    wanted: list[Wanted] = msgspec.field(default_factory=list[Wanted])
    turned: list[Wanted] = msgspec.field(default_factory=list[Wanted])

    @property
    def id(self) -> str:
        """The id that it stands under."""
        return self.block.id

    @property
    def source(self) -> Source:
        """The file that it is in."""
        return self.block.source

    @property
    def full(self) -> str:
        """`state.function`."""
        return f"{self.block.state}.{self.function}"


def expand(high: High, lost: Lost, problems: Problems) -> list[Chunk]:
    """Make single states of all declarations; malformed ones are noted and lost."""
    chunks: list[Chunk] = []
    for one in high.declarations.values():
        for block in one.blocks.values():
            if check_block(block, problems):
                made = _of_block(block, one, len(chunks), problems)
                chunks += _marked(made, one, block) if high.secret else made
            else:
                lost.add(one.id)
    return chunks


def _of_block(
    block: Block, declaration: Declaration, first: int, problems: Problems
) -> Iterable[Chunk]:
    args = _arguments(block.args, block.source.dialect, problems)
    name = _name(args.pop("name", None), block, problems)
    entries = _entries(block)
    args.pop("names", None)
    args.pop("state", None)
    made: list[tuple[str, dict[str, Arg]]] = [(name, args)]
    if entries:
        made = [_override(entry, args, problems) for entry in entries]
    for place, (own, arguments) in enumerate(made, 1):
        chunk = Chunk(
            index=first + place - 1, block=block, included_from=declaration.included_from,
            function=block.functions[-1][0], name=own, args=arguments,
            name_order=place if entries else 0,
        )  # fmt: skip
        chunk.wanted = list(wanted(chunk, REQUISITES, problems))
        chunk.turned = list(wanted(chunk, TURNED, problems))
        yield chunk


def _marked(chunks: Iterable[Chunk], declaration: Declaration, block: Block) -> Iterable[Chunk]:
    args = block.args
    places = (declaration.place, block.place, *(arg.place for arg in args))
    secret = any(one.secret for one in places) or any(is_secret(arg.value) for arg in args)
    for chunk in chunks:
        chunk.secret = secret
        yield chunk


def _arguments(args: Iterable[Arg], dialect: Dialect, problems: Problems) -> dict[str, Arg]:
    found: dict[str, Arg] = {}
    for arg in args:
        if arg.key in found and arg.key != "names":
            text = f"the argument {arg.key!r} is also in {found[arg.key].place}"
            if dialect == "zy":
                problems.error(text, arg.place, "put them together")
            else:
                problems.warn(text, arg.place, "as in Salt the last one counts")
        found[arg.key] = arg
    return found


def _name(arg: Arg | None, block: Block, problems: Problems) -> str:
    if arg is None:
        return block.id
    if not isinstance(arg.value, Scalar):
        if block.source.dialect == "zy":
            hint = "it is one text; several stand below `names`"
            problems.error(f"`name` of {block.id!r} is no text", arg.value.place, hint)
        return block.id
    if block.source.dialect == "sls" and not isinstance(scalar(arg.value, "sls"), str):
        return block.id  # as in Salt
    return arg.value.text or block.id


def _entries(block: Block) -> list[Node]:
    found: dict[object, Node] = {}
    for arg in block.args:
        if arg.key == "names" and isinstance(arg.value, Sequence):
            for node in arg.value.items:
                found.setdefault(node.text if isinstance(node, Scalar) else id(node), node)
    return list(found.values())


def _override(entry: Node, args: dict[str, Arg], problems: Problems) -> tuple[str, dict[str, Arg]]:
    if isinstance(entry, Scalar):
        return entry.text, dict(args)
    pair = single_pair(entry)
    if pair is None:
        problems.error("an entry of `names` is a name, or a name with arguments", entry.place)
        return "", dict(args)
    inner = pair[1].items if isinstance(pair[1], Sequence) else (pair[1],)
    own = dict(args)
    for node in inner:
        for key, value in node.pairs if isinstance(node, MapNode) else ():
            own[key.text] = Arg(key=key.text, place=key.place, value=value)
    return pair[0].text, own


def wanted(chunk: Chunk, kinds: Iterable[str], problems: Problems) -> Iterable[Wanted]:
    """Read the requisites of a state; what is malformed is noted and left out."""
    for kind in kinds:
        arg = chunk.args.get(kind)
        for item in arg.items() if arg else ():
            if (found := _wanted(chunk, kind, item, problems)) is not None:
                yield found


def _wanted(chunk: Chunk, kind: str, item: Node, problems: Problems) -> Wanted | None:
    strict = chunk.source.dialect == "zy"
    if isinstance(item, Scalar):
        head, colon, rest = item.text.partition(":")
        if strict and colon and "." in head and " " not in head:
            state, _, function = head.partition(".")
            return Wanted(
                kind=kind, key=state, text=rest.strip(), place=item.place, function=function
            )
        if strict and not item.text:
            message = f"an entry of `{kind}` of {chunk.id!r} is empty"
            problems.error(message, item.place, "write `- state: id`, or take the line away")
            return None
        return Wanted(kind=kind, key="id", text=item.text, place=item.place)
    pair = single_pair(item)
    key, value = pair if pair is not None else (None, None)
    if key is None or not isinstance(value, Scalar):
        problems.error(
            f"a line of `{kind}` of {chunk.id!r} is not one `state: id`", item.place,
            "write each as `- state: id`",
        )  # fmt: skip
        return None
    state, dot, function = key.text.partition(".")
    if dot and not strict:
        problems.error(
            f"`{key.text}: {value.text}` in `{kind}` of {chunk.id!r} names a function", key.place,
            f"write `{state}: {value.text}`",
        )  # fmt: skip
        return None
    found = Wanted(kind=kind, key=state, text=value.text, place=value.place, function=function)
    return found if _is_named(chunk, found, value, problems) else None


def _is_named(chunk: Chunk, found: Wanted, value: Scalar, problems: Problems) -> bool:
    meant = scalar(value, chunk.source.dialect)
    where = f"in `{found.kind}` of {chunk.id!r}"
    if meant is None:
        if chunk.source.dialect == "zy":
            problems.error(f"`{found.key}:` {where} names nothing", found.place)
        return False  # passed over, as in Salt
    if not isinstance(meant, str) and chunk.source.dialect == "sls":
        hint = f'put it in quotes: "{value.text}"'
        problems.error(f"`{found}` {where} is no text", found.place, hint)
        return False
    return True


def copy_used(high: High, problems: Problems) -> None:
    """Copy the arguments that `use` and `use_in` name: those that are not given, no requisites."""
    for declaration in high.declarations.values():
        for block in declaration.blocks.values():
            for arg in [one for one in block.args if one.key in {"use", "use_in"}]:
                for item in arg.items():
                    _use(high, block, arg.key, item, problems)


def _use(high: High, block: Block, kind: str, item: Node, problems: Problems) -> None:
    other = _used(high, item)
    if other is None:
        text = f"`{kind}` of {block.id!r} names a state that is not there"
        if block.source.dialect == "zy":
            problems.error(text, item.place)
        else:
            problems.warn(text, item.place, "as in Salt it is passed over")
        return
    taker, giver = (block, other) if kind == "use" else (other, block)
    known = {one.key for one in taker.args} | _NOT_COPIED
    taker.args += [one for one in giver.args if one.key not in known]


def _used(high: High, item: Node) -> Block | None:
    pair = single_pair(item)
    if isinstance(item, Scalar):
        blocks = high.declarations[item.text].blocks if item.text in high.declarations else {}
        return next(iter(blocks.values()), None)
    if pair is None or not isinstance(pair[1], Scalar):
        return None
    state, text = pair[0].text.partition(".")[0], pair[1].text
    found = high.declarations.get(text)
    if found is not None and state in found.blocks:
        return found.blocks[state]
    for one in high.declarations.values():
        named = one.blocks[state].arg("name") if state in one.blocks else None
        if named is not None and isinstance(named.value, Scalar) and named.value.text == text:
            return one.blocks[state]
    return None
