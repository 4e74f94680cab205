"""State files as operators name them."""

from collections.abc import Iterable

from zester_modules.errors import Refused
from zester_modules.function import AnyFunction
from zester_proto.units import did_you_mean


def state_names(function: AnyFunction, names: Iterable[str]) -> list[str]:
    """Give the single names of state files; `a,b` is two.

    Args:
        function: for which they were given.
        names: the operator's words.

    Raises:
        Refused: a word names nothing, which must not mean the whole top file, or was meant for an
            argument.
    """
    found: list[str] = []
    for word in names:
        key, sign, _ = word.partition("=")
        if sign:
            known = [one.name for one in function.parameters if one.shape == "key"]
            hint = did_you_mean(key, known)
            raise Refused(f"{function.name} has no argument {key!r}", hint=hint)
        own = [part.strip() for part in word.split(",") if part.strip()]
        if not own:
            raise Refused(
                f"{function.name}: {word!r} names no state file",
                hint="leave it out to mean all that the top file says",
            )
        found += own
    return found
