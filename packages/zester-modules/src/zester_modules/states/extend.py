"""Applies `extend` and `exclude` to the declarations of all files."""

from fnmatch import fnmatchcase

import msgspec

from zester_modules.states.blocks import ALL_REQUISITES, Arg, Block, Declaration
from zester_modules.states.gather import High
from zester_modules.states.lost import Lost
from zester_proto.render.nodes import Scalar, Sequence
from zester_proto.tree.problems import Problems
from zester_proto.units import did_you_mean


def apply_extends(high: High, lost: Lost, problems: Problems) -> None:
    """Merge what files add to states of other files: requisites are added, the rest replaced."""
    patterns = [one.text for one in high.excludes if one.kind == "sls"]
    for extend in high.extends:
        if any(fnmatchcase(extend.source.sls, pattern) for pattern in patterns):
            continue
        target = _target(high, extend)
        if target is None:
            if not lost.may_hold("id", extend.id):
                problems.error(
                    f"`extend` of {extend.id!r}: there is no such id", extend.place,
                    did_you_mean(extend.id, high.declarations)
                    if len(high.declarations) < 1000 else "is its file included?",
                )  # fmt: skip
            continue
        for block in extend.blocks.values():
            _merge(target, block)


def apply_excludes(high: High) -> None:
    """Take out what files exclude; a word that names nothing is passed over, as in Salt."""
    ids = {one.text for one in high.excludes if one.kind == "id"}
    patterns = [one.text for one in high.excludes if one.kind == "sls"]
    for name, one in list(high.declarations.items()):
        excluded = name in ids or any(fnmatchcase(one.source.sls, each) for each in patterns)
        if excluded:
            del high.declarations[name]


def _target(high: High, extend: Declaration) -> Declaration | None:
    if extend.id in high.declarations:
        return high.declarations[extend.id]
    state = next(iter(extend.blocks), "")
    named = [
        one
        for one in high.declarations.values()
        if state in one.blocks and _has_name(one.blocks[state], extend.id)
    ]
    return named[0] if len(named) == 1 else None


def _has_name(block: Block, name: str) -> bool:
    arg = block.arg("name")
    return arg is not None and isinstance(arg.value, Scalar) and arg.value.text == name


def _merge(target: Declaration, extend: Block) -> None:
    block = target.blocks.get(extend.state)
    if block is None:
        source = msgspec.structs.replace(
            extend.source, sls=target.source.sls, context=target.source.context
        )
        target.blocks[extend.state] = msgspec.structs.replace(
            extend, id=target.id, source=source, args=list(extend.args)
        )
        return
    if extend.functions:
        block.functions = list(extend.functions)
    for arg in extend.args:
        _argument(block, arg)


def _argument(block: Block, arg: Arg) -> None:
    known = block.arg(arg.key)
    if known is None:
        if arg.key == "name":
            block.args = [one for one in block.args if one.key != "names"]
        block.args.append(arg)
        return
    if arg.key in ALL_REQUISITES:
        both = (*known.items(), *arg.items())
        new = Arg(key=arg.key, place=known.place, value=Sequence(both, known.value.place))
    else:
        new = arg
    block.args = [
        new if one is known else one for one in block.args if one.key != arg.key or one is known
    ]
