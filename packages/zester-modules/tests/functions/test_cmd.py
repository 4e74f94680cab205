import getpass
import os
import pwd
import time
from pathlib import Path
from typing import Any

import pytest

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.errors import BadArgument, Refused
from zester_modules.functions import cmd
from zester_modules.host.local import Host
from zester_modules.registry import Return


def plan(context: Context, *args: Any, **kwargs: Any):
    return bind(cmd.run, args, kwargs).invoke(context)


def run(context: Context, *args: Any, **kwargs: Any) -> Return:
    return run_bound(bind(cmd.run, args, kwargs), context)


def test_one_word_is_for_the_shell_and_several_are_not(context: Context):
    assert plan(context, "ls -l | wc").argv == ("/bin/sh", "-c", "ls -l | wc")
    assert plan(context, "ls", "-l", "a b").argv == ("ls", "-l", "a b")
    assert plan(context, "x", shell="/bin/bash").argv == ("/bin/bash", "-c", "x")


def test_a_command_runs_in_its_users_home_unless_told_otherwise(context: Context):
    home = pwd.getpwnam(getpass.getuser()).pw_dir
    assert plan(context, "x").cwd == home
    assert plan(context, "x", cwd="/tmp").cwd == "/tmp"


def test_a_home_that_is_not_there_is_the_root(context: Context, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Host, "is_folder", never)
    assert plan(context, "x").cwd == "/"


def test_variables_are_added_to_the_environment(context: Context):
    context.host = Host({"A": "old", "HOME": "/h", "PATH": "/bin"})
    env = plan(context, "x", env="{A: new, VERSION: 1.10}").env
    assert env == {
        "A": "new", "VERSION": "1.10", "HOME": "/h", "PATH": "/bin",
        "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def test_the_shorter_of_its_own_time_and_the_jobs_counts(context: Context):
    assert plan(context, "x").timeout is None
    assert plan(context, "x", timeout="5m").timeout == 300
    context.deadline = time.monotonic() + 100
    assert 90 < plan(context, "x", timeout="5m").timeout <= 100
    assert plan(context, "x", timeout="5s").timeout == 5
    context.deadline = time.monotonic() - 1
    assert plan(context, "x").timeout == 0


def test_a_umask_is_octal_however_it_was_typed(context: Context):
    assert plan(context, "x", umask="027").umask == plan(context, "x", umask=27).umask == 0o027


@pytest.mark.parametrize(
    ("args", "kwargs", "problem"),
    [
        ([""], {}, "cmd.run: command: it is empty"),
        (["  "], {}, "cmd.run: command: it is empty"),
        (["a\0b"], {}, "cmd.run: command: it holds a NUL character"),
        (["a", "b\0"], {}, "cmd.run: arguments: it holds a NUL character"),
        (["x"], {"shell": "bash"}, "cmd.run: shell: 'bash' is no whole path"),
        (["x"], {"cwd": "tmp"}, "cmd.run: cwd: 'tmp' is no whole path"),
        (["x"], {"cwd": "/no/such"}, "cmd.run: cwd: there is no folder /no/such"),
        (["x"], {"cwd": "/etc/passwd"}, "cmd.run: cwd: there is no folder /etc/passwd"),
        (["x"], {"env": "{'A=B': c}"}, "cmd.run: env: 'A=B' cannot be a variable"),
        (["x"], {"env": "A=B"}, "cmd.run: env: 'A=B' is no map"),
        (["x"], {"umask": "9"}, "cmd.run: umask: '9' is no mode in octal digits"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    context: Context, args: Any, kwargs: Any, problem: str
):
    with pytest.raises(BadArgument) as caught:
        plan(context, *args, **kwargs)
    assert caught.value.message == problem
    assert run_or_none(context, args, kwargs) in {None, "refused"}


def never(_host: Host, _path: str) -> bool:
    return False


def run_or_none(context: Context, args: Any, kwargs: Any) -> str | None:
    try:
        return run(context, *args, **kwargs).outcome
    except BadArgument:
        return None


def test_an_unknown_user_is_refused(context: Context):
    with pytest.raises(Refused, match="there is no user 'no-such-user' on this host"):
        plan(context, "x", runas="no-such-user")


def test_only_root_runs_as_somebody_else(context: Context, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Refused, match="only root can run a command as another user"):
        plan(context, "x", runas=getpass.getuser())


@pytest.mark.hosts("root")
def test_a_command_of_another_user_is_theirs_altogether(
    context: Context, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("USER", "root")
    line = "id -un; echo $HOME $USER $LOGNAME; pwd; id -G; touch /proc/self/x"
    answer = run(context, line, runas="nobody")
    nobody = pwd.getpwnam("nobody")
    name, names, folder, groups = answer.value["stdout"].splitlines()
    assert name == "nobody"
    assert names == f"{nobody.pw_dir} nobody nobody"
    assert folder == (nobody.pw_dir if Path(nobody.pw_dir).is_dir() else "/")
    assert groups.split() == [str(one) for one in os.getgrouplist("nobody", nobody.pw_gid)]


def test_the_answer_is_what_the_command_wrote_and_how_it_ended(context: Context):
    answer = run(context, "echo out; echo err >&2")
    assert answer == Return({"exit_code": 0, "stderr": "err\n", "stdout": "out\n"}, "changed")
    assert run(context, "cat", stdin="hello").value["stdout"] == "hello"
    assert run(context, "exit 3").error == "exit code 3"
    missing = run(context, "no-such-program", "x")
    assert missing.value["exit_code"] == 127
    assert missing.value["stderr"] == "no-such-program: not found\n"
    assert missing.outcome == "failed"


def test_a_dry_run_says_what_it_would_run(context: Context, tmp_path: Path):
    context.test = True
    answer = run(context, f"touch {tmp_path}/x")
    assert answer.outcome == "would-change"
    assert answer.value == {"would_run": ["/bin/sh", "-c", f"touch {tmp_path}/x"]}
    assert not (tmp_path / "x").exists()


def test_in_templates_a_command_is_its_text(context: Context):
    assert cmd.text_of(run(context, "echo a; echo b >&2; echo; echo").value) == "a\nb"
    assert cmd.text_of(run(context, "printf 'a\n\nb\n'").value) == "a\n\nb"
    assert cmd.text_of({}) == ""


def test_programs_are_found_by_name(context: Context):
    assert str(cmd.which(context, "sh")).endswith("/sh")
    assert cmd.has_exec(context, "sh")
    assert cmd.which(context, "no-such-program") is None
    assert not cmd.has_exec(context, "no-such-program")
