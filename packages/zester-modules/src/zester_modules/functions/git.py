"""What git says of working trees."""

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.functions.machines import machine_of
from zester_modules.resources.git.commands import answer, git


@function("git.current_branch", reads=True)
def current_branch(context: Context, cwd: str, user: str = "") -> str:
    """Answer the branch that a working tree is on; "" where it is on none.

    Args:
        context: what the call is handed.
        cwd: the working tree.
        user: who runs git.
    """
    command = git("branch", "--show-current", folder=cwd, user=user)
    return answer(machine_of(context), command)
