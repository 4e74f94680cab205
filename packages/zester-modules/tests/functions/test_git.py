"""Functions of git, with the real git."""

import subprocess
from pathlib import Path
from typing import Any

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.returns import Return


def run(context: Context, name: str, /, *args: Any, **named: Any) -> Return:
    function = context.registry.find(name)
    return run_bound(bind(function, args, named, words=False), context)


def test_a_tree_is_cloned_named_and_set(context: Context, tmp_path: Path) -> None:
    remote, target = str(tmp_path / "remote"), str(tmp_path / "tree")
    subprocess.run(["git", "init", "-q", "--initial-branch=main", remote], check=True)
    words = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"]
    subprocess.run(["git", "-C", remote, *words], check=True)

    assert run(context, "git.clone", target, remote).outcome == "changed"
    assert run(context, "git.clone", target, remote).outcome == "ok"
    commit = run(context, "git.rev_parse", target).value
    assert commit == run(context, "git.rev_parse", remote, "main").value
    assert run(context, "git.rev_parse", target, "--all").outcome == "failed"
    assert run(context, "git.config_get", "a.b", cwd=target).value == ""
    assert run(context, "git.config_set", "a.b", "x y", cwd=target).outcome == "changed"
    assert run(context, "git.config_get", "a.b", cwd=target).value == "x y"


def test_a_tree_goes_where_it_is_told(context: Context, tmp_path: Path) -> None:
    remote, target = str(tmp_path / "remote"), str(tmp_path / "tree")
    subprocess.run(["git", "init", "-q", "--initial-branch=main", remote], check=True)
    commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x", "--allow-empty"]
    subprocess.run(["git", "-C", remote, *commit], check=True)
    run(context, "git.clone", target, remote)
    first = run(context, "git.rev_parse", target).value
    subprocess.run(["git", "-C", remote, *commit], check=True)

    assert run(context, "git.fetch", target).value == first
    newest = run(context, "git.pull", target).value
    assert newest == run(context, "git.rev_parse", remote).value != first
    assert run(context, "git.checkout", target, first).value == first
    assert run(context, "git.checkout", target, "--detach").outcome == "refused"
    gone = run(context, "git.checkout", target, "never")
    assert gone.outcome == "failed"
    assert "git checkout: " in gone.error
