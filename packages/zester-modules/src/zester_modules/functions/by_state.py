"""Functions that change the host by a state: there is one way to do a thing, and a dry run of it.

A function that is called so honours `context.test`, and is declared with `dry=True`.
"""

from typing import Any

from zester_modules.context import Context
from zester_modules.returns import Outcome, Return


def by_state(context: Context, state: str, name: str, **given: Any) -> Return:
    """Have a state change the host; answer true, or in a dry run what would change.

    Args:
        context: what the function was handed.
        state: such as `file.directory`.
        name: of the state.
        given: its arguments; None is not given.
    """
    # what brings templates is not for those who only look for functions
    from zester_modules.states.session import Session  # noqa: PLC0415
    from zester_modules.states.single import made_by_hand  # noqa: PLC0415

    session = Session(context)
    words = {key: value for key, value in given.items() if value is not None}
    (row,) = session.single(made_by_hand(session, state, name, words))["states"]
    outcome = Outcome(row["result"])
    if outcome is Outcome.FAILED:
        message, _, hint = str(row["comment"]).partition("\n")
        return Return(value=False, outcome=outcome, error=message, hint=hint)
    return Return(row["changes"] if outcome is Outcome.WOULD_CHANGE else True, outcome)


def digits(mode: int | None) -> str | None:
    """Give permission bits as states take them."""
    return None if mode is None else f"{mode:04o}"
