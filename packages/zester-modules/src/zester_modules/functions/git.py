"""What git says of working trees."""

from zester_modules.context import Context
from zester_modules.errors import BadArgument
from zester_modules.function import function
from zester_modules.functions.by_state import by_state
from zester_modules.functions.machines import machine_of
from zester_modules.host.machine import Command
from zester_modules.resources.git.commands import answer, git, hold, maybe
from zester_modules.returns import Return


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


@function("git.rev_parse", reads=True)
def rev_parse(context: Context, cwd: str, rev: str = "HEAD", user: str = "") -> str:
    """Answer the commit that a name means.

    Args:
        context: what the call is handed.
        cwd: the working tree.
        rev: a branch, a tag or a commit.
        user: who runs git.
    """
    command = git("rev-parse", "--verify", "--end-of-options", rev, folder=cwd, user=user)
    return answer(machine_of(context), command)


@function("git.config_get", reads=True)
def config_get(
    context: Context, key: str, cwd: str = "", user: str = "", everybody: bool = False
) -> str:
    """Answer a setting of git; "" where it has none.

    Args:
        context: what the call is handed.
        key: such as user.name.
        cwd: the working tree; else the user's own settings.
        user: who runs git.
        everybody: the host's settings.
    """
    where = () if cwd else ("--system",) if everybody else ("--global",)
    command = git("config", *where, "--get", key, folder=cwd, user=user)
    return maybe(machine_of(context), command) or ""


@function("git.clone", dry=True)
def clone(context: Context, cwd: str, url: str, branch: str = "", user: str = "") -> Return:
    """Have a working tree of a repository; what is there is not brought up to date.

    Args:
        context: what the call is handed.
        cwd: the folder of the working tree.
        url: the address of the repository.
        branch: the branch to check out.
        user: who runs git.
    """
    return by_state(context, "git.cloned", url, target=cwd, branch=branch, user=user)


@function("git.checkout")
def checkout(context: Context, cwd: str, rev: str, force: bool = False, user: str = "") -> str:
    """Go to a branch, a tag or a commit; answer the commit.

    Args:
        context: what the call is handed.
        cwd: the working tree.
        rev: where to.
        force: give up what was changed here.
        user: who runs git.
    """
    if rev.startswith("-"):
        raise BadArgument("git.checkout", "rev", f"{rev!r} begins with a dash")
    words = ("checkout", "--quiet", *(("--force",) if force else ()), rev, "--")
    return _done(context, git(*words, folder=cwd, user=user))


@function("git.fetch")
def fetch(context: Context, cwd: str, remote: str = "origin", user: str = "") -> str:
    """Fetch what a remote repository has; answer the commit that the working tree is at.

    Args:
        context: what the call is handed.
        cwd: the working tree.
        remote: what the working tree calls the repository.
        user: who runs git.
    """
    if remote.startswith("-"):
        raise BadArgument("git.fetch", "remote", f"{remote!r} begins with a dash")
    return _done(context, git("fetch", "--quiet", "--tags", remote, folder=cwd, user=user))


@function("git.pull")
def pull(context: Context, cwd: str, user: str = "") -> str:
    """Bring a working tree forward to what its remote has; answer the commit.

    Args:
        context: what the call is handed.
        cwd: the working tree.
        user: who runs git.
    """
    return _done(context, git("pull", "--quiet", "--ff-only", folder=cwd, user=user))


def _done(context: Context, command: Command) -> str:
    machine = machine_of(context)
    hold(command, machine.do(command))
    return answer(machine, git("rev-parse", "HEAD", folder=command.argv[2], user=command.runas))


@function("git.config_set", dry=True)
def config_set(context: Context, key: str, value: str, cwd: str = "", user: str = "") -> Return:
    """Set a setting of git.

    Args:
        context: what the call is handed.
        key: such as user.name.
        value: what it says.
        cwd: the working tree; else the user's own settings.
        user: who runs git.
    """
    more = {"repo": cwd} if cwd else {"global": True}
    return by_state(context, "git.config_set", key, value=value, user=user, **more)
