"""The function that runs the tests of a state tree."""

# ruff: noqa: D417  # the context is handed to every function alike

from zester_modules.context import Context
from zester_modules.function import function
from zester_modules.returns import Outcome, Return


@function("state.test")
def run_tests(
    context: Context, *names: str, saltenv: str = "", host: bool = False, root: str = ""
) -> Return:
    """Run the tests beside the states, `tests/*.yaml`, each on a made-up host of its own.

    Args:
        names: folders of states, files of tests, or names of tests, globs too; all without any.
        saltenv: the environment whose tests are run; else base.
        host: converge on a throw-away root as well; a second run must have nothing to do there.
        root: a root file system of which each test gets a copy for that; else an empty one.
    """
    from zester_modules.states.tests.running import run_tests as run  # noqa: PLC0415  # brings templates

    env = saltenv or (context.trees.env if context.trees else "")
    found = run(context, names, env, root=root or ("" if host else None))
    if not found["failed"]:
        return Return(found)
    count = len(found["tests"])
    return Return(found, Outcome.FAILED, error=f"{found['failed']} of {count} tests failed")
