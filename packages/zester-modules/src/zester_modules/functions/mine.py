"""What other peels published, by Salt's name for the basket."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.function import function


@function("mine.get", reads=True)
def get(context: Context, tgt: str, fun: str, tgt_type: str = "glob") -> dict[str, Any]:
    """Answer what peels published under a name, by peel id.

    Args:
        tgt: which peels.
        fun: the name.
        tgt_type: how `tgt` is read: `glob`, `list`, `pcre`, `grain`, `pillar`, `compound`.
    """
    return {} if context.tree is None else dict(context.tree.basket(tgt, fun, tgt_type))
