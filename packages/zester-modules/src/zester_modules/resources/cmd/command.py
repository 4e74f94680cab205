"""What the states of commands have in common: their arguments, how they run, what they say."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from zester_modules.flow import scalar
from zester_modules.host.machine import Command, Done, Effects, HostProblem
from zester_modules.resource import Changes, Leaf, Plan, Scope, Unknown
from zester_modules.words import Duration, Mode

OUTPUT: Final = 64 * 1024
"""Characters of each stream in a result."""


_IN_SIGHT: Final = (
    "its command line holds a secret, which `ps` shows to everybody on this host: hand it over "
    "with env or stdin"
)


class CommandParams(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of all states that run a command."""

    name: Annotated[str, Meta(description="the command line")]
    cwd: Annotated[str, Meta(description="the folder to run in")] = ""
    runas: Annotated[str, Meta(description="the user to run as; needs root")] = ""
    env: Annotated[
        dict[str, Any] | None, Meta(description="variables to add to the environment")
    ] = None
    umask: Annotated[
        Mode | None, Meta(description="permissions that files it makes do not get")
    ] = None
    timeout: Annotated[
        Duration | None, Meta(description="how long it may take before it is stopped")
    ] = None
    shell: Annotated[str, Meta(description="the shell that gets the line")] = ""
    stateful: Annotated[
        bool | list[Any],
        Meta(description="its last line says whether it changed: JSON or changed=yes comment=..."),
    ] = False
    success_retcodes: Annotated[
        list[int] | None, Meta(description="other exit codes than 0 that are good")
    ] = None
    success_stdout: Annotated[
        list[str] | None, Meta(description="stdout that makes it good, whatever the exit code")
    ] = None
    success_stderr: Annotated[
        list[str] | None, Meta(description="stderr that makes it good, whatever the exit code")
    ] = None
    ignore_timeout: Annotated[bool, Meta(description="being stopped in time is good, too")] = False
    hide_output: Annotated[bool, Meta(description="keep what it prints out of results")] = False
    stdin: Annotated[str, Meta(description="what it can read")] = ""
    touches: Annotated[
        list[str] | None,
        Meta(description="paths, all that it changes with what is below; a dry run believes it"),
    ] = None


RETIRES: Final = (
    "output_loglevel", "use_vt", "python_shell", "group", "root", "windows_codepage", "bg",
    "prepend_path", "log_callback", "rstrip", "ignore_retcode", "redirect_stderr",
    "reset_system_locale",
)  # fmt: skip


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A command to run, and how to read its end."""

    command: Command
    params: CommandParams


def planned(params: CommandParams, scope: Scope, comment: str = "") -> Plan:
    """Plan to run a command; what a stateful one changes only it can say."""
    command = command_of(params, scope)
    leaf = Leaf(path=params.name, after=Unknown((scope.id,)) if params.stateful else "run")
    return Plan(
        leaves=(leaf,),
        comment=comment or "the command would be run",
        warnings=(_IN_SIGHT,) if scope.masker.is_in(params.name) else (),
        todo=Todo(command=command, params=params),
    )


def command_of(params: CommandParams, scope: Scope) -> Command:
    """Give the command that the arguments mean.

    Raises:
        HostProblem: its folder or user is not there.
    """
    machine = scope.machine
    for path in params.touches or ():
        if not path.startswith("/"):
            raise HostProblem(f"touches: {path} is no whole path", hint="write it from / on")
    if params.cwd and ((found := machine.follow(params.cwd)) is None or found.kind != "folder"):
        raise HostProblem(
            f"there is no folder {params.cwd}", hint="make it first, or leave cwd out"
        )
    if params.runas and params.runas not in machine.users():
        raise HostProblem(f"there is no user {params.runas!r}", hint="make the user first")
    shell = params.shell
    if shell and not shell.startswith("/"):
        shell = machine.which(shell) or shell
    return Command(
        shell=params.name,
        interpreter=shell or "/bin/sh",
        cwd=params.cwd or "/",
        env={key: _variable(value) for key, value in (params.env or {}).items()},
        runas=params.runas,
        umask=params.umask,
        stdin=params.stdin.encode(),
        timeout=params.timeout if params.timeout is not None else scope.remaining(),
    )


def _variable(value: Any) -> str:
    if isinstance(value, bool):
        return str(value)
    return "" if value is None else str(value)


def apply(plan: Plan, scope: Scope) -> Changes:
    """Run the command, and say how it ended."""
    todo: Todo = plan.todo
    return ended(todo.params, scope.machine.do(todo.command, effects_of(todo.params)), scope)


def effects_of(params: CommandParams) -> Effects | None:
    """Give what a command changes, as far as its state says it; None is anything."""
    paths = paths_of(params)
    return None if paths is None else Effects(unknown=paths)


def paths_of(params: CommandParams) -> tuple[str, ...] | None:
    """Give the paths that a command changes; None where its state does not say."""
    return None if params.touches is None else tuple(params.touches)


def ended(params: CommandParams, done: Done, scope: Scope) -> Changes:
    """Give what a command's end means."""
    failed = _failed(params, done)
    shown = None if params.hide_output or scope.sensitive else _output(done)
    leaves = (Leaf(path=params.name, after="run"),)
    if params.stateful and not failed:
        said = _said(done.stdout.decode("utf-8", "replace"))
        if said is not None:
            return _stateful(params, said, shown)
    return Changes(
        leaves=leaves,
        comment="the command was run",
        output=shown,
        failed=failed,
        hint=_last_words(done) if failed and shown is not None else "",
    )


def _failed(params: CommandParams, done: Done) -> str:
    if done.timed_out:
        return "" if params.ignore_timeout else "its time was up and it was stopped"
    if done.exit_code in {0, *(params.success_retcodes or ())}:
        return ""
    for stream, good in (
        (done.stdout, params.success_stdout),
        (done.stderr, params.success_stderr),
    ):
        if good and stream.decode("utf-8", "replace").rstrip("\n") in good:
            return ""
    return f"exit code {done.exit_code}"


def _output(done: Done) -> dict[str, Any]:
    return {
        "exit_code": done.exit_code,
        "stdout": _cut(done.stdout.decode("utf-8", "replace")),
        "stderr": _cut(done.stderr.decode("utf-8", "replace")),
    }


def _cut(text: str) -> str:
    left_out = len(text) - 2 * OUTPUT
    if left_out <= 0:
        return text
    return f"{text[:OUTPUT]}\n[... {left_out} characters left out ...]\n{text[-OUTPUT:]}"


def _last_words(done: Done) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:500] if lines else ""


def _stateful(params: CommandParams, said: dict[str, Any], shown: Any) -> Changes:
    changed = _truth(said.pop("changed", False))
    comment = str(said.pop("comment", "")) if shown is not None else ""
    leaves = (Leaf(path=params.name, after=said or "changed"),) if changed else ()
    return Changes(leaves=leaves, comment=comment, output=shown)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in {"yes", "true", "1", "on"}


def _said(text: str) -> dict[str, Any] | None:
    """Read the last line of a stateful command."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    last = lines[-1]
    if last.startswith("{"):
        try:
            return msgspec.json.decode(last, type=dict[str, Any])
        except msgspec.DecodeError:
            return None
    said: dict[str, Any] = {}
    key = ""
    for word in last.split():
        name, sign, value = word.partition("=")
        if sign and name.isidentifier():
            key, said[name] = name, value
        elif key:
            said[key] = f"{said[key]} {word}"
    return {key: scalar(value) for key, value in said.items()} or None
