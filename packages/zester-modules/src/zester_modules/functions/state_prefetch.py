"""The function that fetches ahead what states need."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.state_names import state_names
from zester_modules.returns import Outcome, Return


@function("state.prefetch", reads=True)
def prefetch(context: Context, *names: str, saltenv: str = "") -> Return:
    """Fetch all files that states need, of the tree and of the web, and change nothing else.

    Guards and requisites do not count: what a state may need later is fetched, too. A run after it
    asks nobody for these files; `volatile` lists those that it asks for all the same, since no
    digest says what they are.

    Args:
        names: state files; without any, what the top file has for this peel.
        saltenv: their environment; else base, and for the top file all.
    """
    import msgspec  # noqa: PLC0415  # as below

    from zester_modules.states.prefetch import Prefetch  # noqa: PLC0415  # brings templates

    dry = msgspec.structs.replace(context, test=True)
    found = Prefetch(dry, env=saltenv).take(state_names(prefetch, names) or None)
    if found["errors"]:
        count = len(found["errors"]) + int(found.get("more_errors", 0))
        return Return(
            found, Outcome.REFUSED, error=f"the tree has {count} error{'s' * (count != 1)}",
            hint="state.lint shows them with their lines",
        )  # fmt: skip
    if found["failed"]:
        ids = ", ".join(one["id"] for one in found["failed"][:5])
        return Return(
            found,
            Outcome.FAILED,
            error=f"files of {len(found['failed'])} states are missing: {ids}",
        )
    return Return(found)
