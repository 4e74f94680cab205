"""Salt's names for the basket."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions import basket
from zester_modules.returns import Return
from zester_modules.words import Value
from zester_proto.tree.salt_targets import in_our_letters


@function("mine.get", reads=True)
def get(context: Context, tgt: str, fun: str, tgt_type: str = "glob") -> dict[str, Any]:
    """Answer what peels share under a name, by peel id.

    Args:
        tgt: which peels.
        fun: the name.
        tgt_type: how `tgt` is read: `glob`, `list`, `pcre`, `grain`, `pillar`, `compound`.
    """
    if context.basket is None:
        return {}
    found = context.basket(in_our_letters(tgt, tgt_type), fun)
    return {one.peel: one.value for one in found}


@function("mine.update", lock="basket", timeout=300.0)
def update(context: Context, clear: bool = False, mine_functions: Value = None) -> Return:  # noqa: ARG001  # Salt has them
    """Look at the declared values anew, and share them.

    Args:
        clear: taken and not looked at: what is no longer declared goes in any case.
        mine_functions: taken and not looked at: `mine.send` shares what is not declared.
    """
    return basket.update(context)


@function("mine.send")
def send(context: Context, name: str, *args: Value, **kwargs: Value) -> bool:
    """Share the value of a function once.

    Args:
        name: under which name; also the function, unless `mine_function` names another.
        args: for the function.
        kwargs: for the function.
    """
    return basket.send(context, name, *args, **kwargs)


@function("mine.delete")
def delete(context: Context, fun: str) -> bool:
    """Share a value no longer.

    Args:
        fun: its name.
    """
    return basket.delete(context, fun)


@function("mine.flush")
def flush(context: Context) -> bool:
    """Share nothing any more, until the next look at what is declared."""
    basket.flush(context)
    return True


@function("mine.valid", reads=True)
def valid(context: Context) -> dict[str, Any]:
    """Answer which values this host declares."""
    return basket.valid(context)
