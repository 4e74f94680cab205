"""Commands of the host."""

# ruff: noqa: D417  # the context is handed to every function alike

from typing import Any

from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.function import function
from zester_modules.host.local import User
from zester_modules.host.spec import CommandSpec
from zester_modules.words import Duration, Mode


@function("cmd.run", runs="command", dry=True)
def run(
    context: Context,
    command: str,
    *arguments: str,
    shell: str = "/bin/sh",
    cwd: str = "",
    env: dict[str, str] | None = None,
    runas: str = "",
    stdin: bytes = b"",
    timeout: Duration | None = None,
    umask: Mode | None = None,
) -> CommandSpec:
    """Run a command and answer its stdout, stderr and exit_code.

    One word is given to a shell; several are a program and its arguments, without a shell. Exit
    code 0 counts as changed, any other as failed.

    Args:
        command: the command line for the shell, or the program if arguments follow.
        arguments: the program's arguments, each as it is.
        shell: the shell that gets a single word.
        cwd: the folder to run in; else the user's home.
        env: variables to add to the environment.
        runas: the user to run as; needs an agent that is root.
        stdin: what the command can read.
        timeout: how long it may take before it is stopped with all that it started.
        umask: the permissions that files it makes do not get.
    """
    user = _user(context, runas)
    return CommandSpec(
        argv=_argv(command, arguments, shell),
        cwd=_folder(context, cwd, user),
        env=_environment(context, env or {}, user),
        user=user.uid if user else None,
        group=user.gid if user else None,
        groups=user.groups if user else (),
        umask=umask,
        stdin=stdin,
        timeout=_time_limit(timeout, context.remaining()),
    )


@function("cmd.which", reads=True)
def which(context: Context, program: str) -> str | None:
    """Answer where a program lies, or null.

    Args:
        program: its name.
    """
    return context.host.which(program)


@function("cmd.has_exec", reads=True)
def has_exec(context: Context, program: str) -> bool:
    """Answer whether a program can be run by its name.

    Args:
        program: its name.
    """
    return context.host.which(program) is not None


@function("cmd.run_all")
def run_all(  # noqa: PLR0917  # the signature is Salt's
    context: Context,
    cmd: str,
    cwd: str = "",
    stdin: str = "",
    runas: str = "",
    shell: str = "/bin/sh",
    env: dict[str, str] | None = None,
    umask: Mode | None = None,
    timeout: Duration | None = None,
) -> dict[str, Any]:
    """Run a line in a shell; answer its `retcode`, `stdout` and `stderr`, whatever they are.

    Args:
        cmd: the line.
        cwd: the folder to run in; else `/`.
        stdin: what it can read.
        runas: the user to run as; needs root.
        shell: the shell.
        env: variables to add to the environment.
        umask: the permissions that files it makes do not get.
        timeout: how long it may take.
    """
    from zester_modules.functions.machines import machine_of  # noqa: PLC0415  # not in the agent
    from zester_modules.host.machine import Command  # noqa: PLC0415  # the same

    done = machine_of(context).do(
        Command(
            shell=cmd, interpreter=shell, cwd=cwd or "/", env=env or {}, runas=runas, umask=umask,
            stdin=stdin.encode(), timeout=_time_limit(timeout, context.remaining()),
        )
    )  # fmt: skip
    streams = (done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
    stdout, stderr = (text.rstrip("\n") for text in streams)
    return {"retcode": done.exit_code, "stdout": stdout, "stderr": stderr}


@function("cmd.run_stdout")
def run_stdout(context: Context, cmd: str, cwd: str = "", runas: str = "") -> str:
    """Run a line in a shell, and answer its stdout.

    Args:
        cmd: the line.
        cwd: the folder to run in; else `/`.
        runas: the user to run as; needs root.
    """
    return str(run_all(context, cmd, cwd=cwd, runas=runas)["stdout"])


@function("cmd.run_stderr")
def run_stderr(context: Context, cmd: str, cwd: str = "", runas: str = "") -> str:
    """Run a line in a shell, and answer its stderr.

    Args:
        cmd: the line.
        cwd: the folder to run in; else `/`.
        runas: the user to run as; needs root.
    """
    return str(run_all(context, cmd, cwd=cwd, runas=runas)["stderr"])


@function("cmd.shell")
def shell(context: Context, cmd: str, cwd: str = "", runas: str = "") -> str:
    """Run a line in a shell, and answer its stdout and stderr.

    Args:
        cmd: the line.
        cwd: the folder to run in; else `/`.
        runas: the user to run as; needs root.
    """
    return text_of(run_all(context, cmd, cwd=cwd, runas=runas))


@function("cmd.retcode")
def retcode(context: Context, cmd: str, cwd: str = "", runas: str = "") -> int:
    """Run a line in a shell, and answer its exit code.

    Args:
        cmd: the line.
        cwd: the folder to run in; else `/`.
        runas: the user to run as; needs root.
    """
    return int(run_all(context, cmd, cwd=cwd, runas=runas)["retcode"])


def text_of(value: dict[str, Any]) -> str:
    """Give the text that `cmd.run` stands for in templates and guards, as in Salt."""
    both = (str(value.get("stdout", "")).rstrip("\n"), str(value.get("stderr", "")).rstrip("\n"))
    return "\n".join(text for text in both if text)


def _argv(command: str, arguments: tuple[str, ...], shell: str) -> tuple[str, ...]:
    for name, words in (("command", (command,)), ("arguments", arguments), ("shell", (shell,))):
        if any("\0" in word for word in words):
            raise BadArgument("cmd.run", name, "it holds a NUL character")
    if not command.strip():
        raise BadArgument("cmd.run", "command", "it is empty", expects="a command")
    if arguments:
        return command, *arguments
    if not shell.startswith("/"):
        raise BadArgument(
            "cmd.run", "shell", f"{shell!r} is no whole path", expects="a path",
            hint="give it like shell=/bin/bash",
        )  # fmt: skip
    return shell, "-c", command


def _user(context: Context, runas: str) -> User | None:
    if not runas:
        return None
    user = context.host.user(runas)
    if not context.host.is_root():
        raise Refused(
            f"cmd.run: only root can run a command as another user ({runas})",
            hint="run the agent as root, or leave runas out",
        )
    return user


def _folder(context: Context, cwd: str, user: User | None) -> str:
    if not cwd:
        home = user.home if user else context.host.home()
        return home if context.host.is_folder(home) else "/"
    if not cwd.startswith("/"):
        raise BadArgument(
            "cmd.run", "cwd", f"{cwd!r} is no whole path", expects="a folder",
            hint="give the folder from / on",
        )  # fmt: skip
    if not context.host.is_folder(cwd):
        raise BadArgument(
            "cmd.run", "cwd", f"there is no folder {cwd}", expects="a folder",
            hint="make the folder, or give another",
        )  # fmt: skip
    return cwd


def _environment(context: Context, env: dict[str, str], user: User | None) -> dict[str, str]:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            raise BadArgument("cmd.run", "env", f"{name!r} cannot be a variable")
    own = context.host.environment()
    if user:
        own |= {"HOME": user.home, "USER": user.name, "LOGNAME": user.name, "SHELL": user.shell}
    return own | env


def _time_limit(*limits: float | None) -> float | None:
    return min((one for one in limits if one is not None), default=None)
