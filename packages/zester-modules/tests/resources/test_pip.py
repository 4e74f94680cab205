"""pip.* and virtualenv.managed: a real environment, and wheels that the test makes."""

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.functions.pip import freeze, pip_list
from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_modules.registry import Registry
from zester_modules.resource import AnyResource, Plan, Unknown
from zester_modules.resources.pip import INSTALLED, REMOVED, UPTODATE
from zester_modules.resources.virtualenv import MANAGED
from zester_testing.resource_law import params_for, picture, scope_on
from zester_testing.state_trees import grounds, ran, states


def wheel(folder: Path, name: str, version: str, needs: str = "") -> None:
    """Make a wheel that holds one module."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as made:
        made.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        made.writestr(f"{info}/METADATA", metadata)
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")


class Env:
    """An environment, and a folder of wheels that its pip knows alone."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "env"
        self.wheels = folder / "wheels"
        self.run = folder / "run"
        self.links = {"no_index": True, "find_links": str(self.wheels)}

    def plan(self, resource: AnyResource, name: str, **given: Any) -> Plan:
        """Give a plan; the check must change nothing."""
        before = picture(self.path)
        scope = scope_on(RealMachine(self.run), self.run / "scope")
        plan: Plan = resource.check(params_for(resource, name, given), scope)
        assert _bare(picture(self.path)) == _bare(before), "check has changed something"
        return plan

    def held(self, resource: AnyResource, name: str, **given: Any) -> list[tuple[str, Any, Any]]:
        """Apply; afterwards nothing may be left to do. Give what has changed."""
        plan = self.plan(resource, name, **given)
        if not plan.leaves:
            return []
        scope = scope_on(RealMachine(self.run), self.run / "scope")
        done = resource.apply(plan, scope)
        assert self.plan(resource, name, **given).leaves == ()
        assert len(done.leaves) >= len(plan.leaves)
        return [(one.path, one.before, one.after) for one in done.leaves]

    def pip(self, resource: AnyResource, name: str, **given: Any) -> list[tuple[str, Any, Any]]:
        """Hold a state of pip in the environment."""
        more = self.links if resource is INSTALLED else {}
        return self.held(resource, name, bin_env=str(self.path), **more, **given)


def _bare(found: dict[str, Any]) -> dict[str, Any]:
    # Python writes down what it has compiled, whoever starts it
    return {path: how for path, how in found.items() if "__pycache__" not in path}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Env:
    """An environment, made by the state itself with one package in it."""
    made = Env(tmp_path_factory.mktemp("pip"))
    made.wheels.mkdir()
    made.run.mkdir()
    for version in ("1.0", "1.10", "2.0"):
        wheel(made.wheels, "lemon", version)
    wheel(made.wheels, "lime_tree", "3", needs="lemon<2")
    done = made.held(
        MANAGED, str(made.path), python=sys.executable, pip_pkgs=["lime-tree"], **made.links
    )
    assert [(path.removeprefix(str(made.path)), after) for path, _, after in done] == [
        (":python", sys.executable), (":packages:lemon:version", "1.10"),
        (":packages:lime-tree:version", "3"),
    ]  # fmt: skip
    return made


def test_packages_come_change_and_go(env: Env, tmp_path: Path):
    gone = env.pip(REMOVED, "both", pkgs=["Lime.Tree", "lemon", "never-there"])
    assert gone == [("lime-tree:version", "3", None), ("lemon:version", "1.10", None)]
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("# ours\nlemon==1.0\n")
    come = env.pip(INSTALLED, "x", requirements=str(wanted))
    assert come == [("lemon:version", None, "1.0")]
    words: dict[str, Any] = {"bin_env": str(env.path), "requirements": str(wanted)}
    assert env.plan(REMOVED, "x", **words).leaves[0].before == "1.0"
    assert env.pip(INSTALLED, "lemon >=1.0, <2") == []
    newer = env.pip(INSTALLED, "x", pkgs=["lime_tree"], upgrade=True)
    assert newer == [("lime-tree:version", None, "3")]
    index = {"PIP_FIND_LINKS": str(env.wheels), "PIP_NO_INDEX": "1"}
    assert env.pip(REMOVED, "lime-tree") != []
    newest = env.pip(UPTODATE, "all", env_vars=index)
    assert newest == [("lemon:version", "1.0", "2.0")]


def test_what_cannot_be_had_is_told_in_pips_words(env: Env):
    with pytest.raises(HostProblem, match="No matching distribution found for melon"):
        env.pip(INSTALLED, "melon")
    with pytest.raises(HostProblem, match="'--pre' is no package"):
        env.pip(INSTALLED, "--pre")
    with pytest.raises(HostProblem, match="no virtual environment and no pip"):
        env.plan(INSTALLED, "lemon", bin_env="/nonexistent")


def test_an_old_pip_is_asked_for_what_it_can_say(env: Env, tmp_path: Path):
    old = tmp_path / "pip"
    old.write_text(
        '#!/bin/sh\ncase " $* " in *" --dry-run "*)\n  echo "no such option: --dry-run" >&2\n'
        f'  exit 2\nesac\nexec {env.path}/bin/python -m pip "$@"\n'
    )
    old.chmod(0o755)
    words: dict[str, Any] = {"bin_env": str(old), **env.links}
    plan = env.plan(INSTALLED, "x", pkgs=["lemon", "lemon==3", "melon"], **words)
    assert [(one.path, one.after) for one in plan.leaves] == [
        ("lemon:version", "3"), ("melon:version", Unknown(("it",))),
    ]  # fmt: skip
    with pytest.raises(HostProblem, match="does not say what it would do"):
        env.plan(INSTALLED, "lemon", upgrade=True, **words)


def test_an_environment_keeps_to_what_is_said_of_it(env: Env):
    words: dict[str, Any] = {"python": sys.executable}
    assert env.held(MANAGED, str(env.path), **words) == []
    shared = env.held(MANAGED, str(env.path), system_site_packages=True, **words)
    assert shared == [(f"{env.path}:system_site_packages", False, True)]
    with pytest.raises(HostProblem, match="no virtual environment"):
        env.plan(MANAGED, str(env.wheels), **words)
    with pytest.raises(HostProblem, match="no absolute path"):
        env.plan(MANAGED, "env", **words)


def test_a_dry_run_says_that_the_packages_of_a_new_environment_are_unknown(
    env: Env, tmp_path: Path
):
    new = tmp_path / "new"
    more: dict[str, Any] = {"python": sys.executable, "pip_pkgs": ["lemon"], **env.links}
    tree = states(
        ("env", "virtualenv.managed", {"name": str(new), **more}),
        ("lemon", "pip.installed", {"bin_env": str(new), **env.links}),
    )
    rows = ran(tree, grounds(tmp_path / "run", RealMachine(env.run)), test=True)
    assert rows["env"]["changes"] == {
        f"{new}:python": {"before": None, "after": sys.executable},
        f"{new}:packages": {"unknown": True, "because": ["env"]},
    }
    assert rows["lemon"]["changes"] == {"lemon": {"unknown": True, "because": ["env"]}}
    assert not new.exists()


def test_functions_list_them(env: Env, tmp_path: Path):
    env.pip(INSTALLED, "lemon")
    context = Context(registry=Registry(), machine=RealMachine(tmp_path))
    (version,) = pip_list(context, "lem", bin_env=str(env.path)).values()
    assert f"lemon=={version}" in freeze(context, bin_env=str(env.path))
