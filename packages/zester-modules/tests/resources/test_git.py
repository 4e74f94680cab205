"""git.*: settings and working trees of repositories on this host, with the real git."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from zester_modules.context import Context
from zester_modules.functions.git import current_branch
from zester_modules.host.machine import HostProblem
from zester_modules.host.real import RealMachine
from zester_modules.registry import Registry
from zester_modules.resource import AnyResource, Changes, Plan
from zester_modules.resources.git import CLONED, CONFIG_SET, CONFIG_UNSET, LATEST
from zester_modules.resources.git.commands import masked
from zester_testing.resource_law import params_for, picture, scope_on

NAMED = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


class Trees:
    """A remote repository, and a folder for working trees."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote"
        self.target = folder / "work" / "tree"
        self._folder = folder
        self.remote.mkdir()
        self.target.parent.mkdir()
        self.git("init", "-q", "--initial-branch=main")
        self.commit("one")

    def git(self, *words: str, at: Path | None = None) -> str:
        """Run git."""
        argv = ["git", "-C", str(at or self.remote), *NAMED, *words]
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        done = subprocess.run(argv, check=True, capture_output=True, text=True, env=env)
        return done.stdout.strip()

    def commit(self, text: str, at: Path | None = None) -> str:
        """Make a commit, and give its name."""
        (at or self.remote).joinpath("a").write_text(text)
        self.git("add", "a", at=at)
        self.git("commit", "-qm", text, at=at)
        return self.git("rev-parse", "HEAD", at=at)

    def plan(self, resource: AnyResource, name: str, **given: Any) -> Plan:
        """Give a plan; the check must change nothing."""
        scope = scope_on(RealMachine(self._folder / "run"), self._folder / "scope")
        before = picture(self.remote, self.target.parent)
        plan: Plan = resource.check(params_for(resource, name, given), scope)
        assert picture(self.remote, self.target.parent) == before, "check has changed something"
        return plan

    def held(self, resource: AnyResource, name: str, **given: Any) -> Changes:
        """Apply; afterwards nothing may be left to do."""
        plan = self.plan(resource, name, **given)
        if not plan.leaves:
            return Changes(comment=plan.comment)
        scope = scope_on(RealMachine(self._folder / "run"), self._folder / "scope")
        done = resource.apply(plan, scope)
        assert done.leaves == plan.leaves
        assert self.plan(resource, name, **given).leaves == ()
        return done

    def latest(self, **given: Any) -> Changes:
        """Hold git.latest."""
        return self.held(LATEST, str(self.remote), target=str(self.target), **given)


@pytest.fixture
def trees(tmp_path: Path) -> Trees:
    """A remote with one commit."""
    (tmp_path / "run").mkdir()
    return Trees(tmp_path)


def _parts(done: Changes) -> list[str]:
    return [one.path.rpartition(":")[2] for one in done.leaves]


def test_a_tree_comes_and_follows(trees: Trees) -> None:
    assert _parts(trees.latest()) == ["address", "commit"]
    assert not trees.latest().leaves
    newer = trees.commit("two")
    assert _parts(trees.latest()) == ["commit"]
    assert trees.git("rev-parse", "HEAD", at=trees.target) == newer
    assert trees.git("symbolic-ref", "--short", "HEAD", at=trees.target) == "main"


def test_a_tag_a_branch_and_a_commit_are_gone_to(trees: Trees) -> None:
    first = trees.git("rev-parse", "HEAD")
    trees.git("tag", "-a", "v1", "-m", "v1")
    trees.git("checkout", "-qb", "side")
    side = trees.commit("side")
    trees.git("checkout", "-q", "main")
    trees.commit("two")
    assert trees.latest(rev="v1").leaves
    assert trees.git("rev-parse", "HEAD", at=trees.target) == first
    assert _parts(trees.latest(rev="side")) == ["commit", "branch"]
    assert trees.git("rev-parse", "HEAD", at=trees.target) == side
    assert _parts(trees.latest(rev=first)) == ["commit", "branch"]
    assert _parts(trees.latest()) == ["commit", "branch"]


def test_what_was_made_here_is_given_up_only_when_told(trees: Trees) -> None:
    trees.latest()
    mine = trees.commit("mine", at=trees.target)
    ahead = trees.latest()
    assert (ahead.leaves, ahead.comment) == ((), "it has commits that the repository lacks")
    newer = trees.commit("two")
    with pytest.raises(HostProblem, match="git merge: fatal: Not possible to fast-forward"):
        trees.latest()
    assert trees.git("rev-parse", "HEAD", at=trees.target) == mine
    assert _parts(trees.latest(force_reset=True)) == ["commit"]
    assert trees.git("rev-parse", "HEAD", at=trees.target) == newer


def test_the_address_is_mended(trees: Trees) -> None:
    trees.latest()
    trees.git("remote", "set-url", "origin", "https://me:secret@a.example/b", at=trees.target)
    done = trees.latest()
    assert [(one.before, one.after) for one in done.leaves] == [
        ("https://***@a.example/b", str(trees.remote))
    ]
    assert masked("ssh://git@x/y and git@x:y") == "ssh://***@x/y and git@x:y"


def test_a_clone_is_left_as_it_is(trees: Trees) -> None:
    trees.git("branch", "side")
    words: dict[str, Any] = {"target": str(trees.target)}
    assert _parts(trees.held(CLONED, str(trees.remote), **words)) == ["address"]
    trees.commit("two")
    assert not trees.held(CLONED, str(trees.remote), **words).leaves
    assert _parts(trees.held(CLONED, str(trees.remote), branch="side", **words)) == ["branch"]


def test_nothing_that_is_there_is_cloned_over(trees: Trees) -> None:
    trees.target.mkdir()
    (trees.target / "mine").write_text("x")
    with pytest.raises(HostProblem, match="no working tree of git"):
        trees.latest()
    (trees.target / "mine").unlink()
    with pytest.raises(HostProblem, match="has no branch or tag 'gone'"):
        trees.latest(rev="gone")
    with pytest.raises(HostProblem, match="begins with a dash"):
        trees.latest(rev="--upload-pack=x")


def test_the_branch_is_told(trees: Trees, tmp_path: Path) -> None:
    context = Context(registry=Registry(), machine=RealMachine(tmp_path / "run"))
    assert current_branch.call(context, str(trees.remote)) == "main"
    trees.git("checkout", "-q", "--detach")
    assert not current_branch.call(context, str(trees.remote))


def test_settings_come_change_and_go(trees: Trees) -> None:
    repo = str(trees.remote)
    assert trees.held(CONFIG_SET, "a.b", repo=repo, value="x y").leaves[0].after == "x y"
    assert trees.held(CONFIG_SET, "a.b", repo=repo, multivar=["1", "2"]).leaves
    assert trees.git("config", "--get-all", "a.b") == "1\n2"
    with pytest.raises(HostProblem, match="has 2 values"):
        trees.plan(CONFIG_UNSET, "a.b", repo=repo)
    assert trees.held(CONFIG_UNSET, "a.b", repo=repo, all=True).leaves
    assert not trees.held(CONFIG_UNSET, "a.b", repo=repo).leaves
    with pytest.raises(HostProblem, match="either repo or global"):
        trees.plan(CONFIG_SET, "a.b", value="x")
