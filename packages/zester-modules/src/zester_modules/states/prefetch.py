"""Takes ahead the files that states need, so that a later run asks nobody for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from zester_modules.host.address import shown
from zester_modules.host.machine import HostProblem, Unknowable
from zester_modules.resource import Scope, SourceFolder, Sources
from zester_modules.sources.digests import SKIP
from zester_modules.states.from_context import tree_of
from zester_modules.states.model import State
from zester_modules.states.run.stage import Stage
from zester_modules.states.session import Session, params_of
from zester_modules.states.show import problem_data
from zester_proto.errors import ZesterError

_WEB: Final = ("http://", "https://")

Row = dict[str, Any]


class Noted:
    """Sources that note what was asked of them; it satisfies `resource.Sources`.

    Args:
        sources: where files come from.
        fresh: what was fetched just now; `sources` adds to it.

    Attributes:
        files: what is here now, by source.
        volatile: sources that are asked for anew in each run, since no digest says what they are.
        failed: what could not be had, of the state whose turn it is.
        missing: sources that are nowhere, of the same.
        found: whether that state was given a file.
    """

    def __init__(self, sources: Sources, fresh: set[Path]) -> None:
        self.files: dict[str, Row] = {}
        self.volatile: dict[str, None] = {}
        self.failed: list[ZesterError] = []
        self.missing: list[str] = []
        self.found = False
        self._sources = sources
        self._fresh = fresh

    def turn(self) -> None:
        """Begin the next state."""
        self.failed, self.missing, self.found = [], [], False

    def fetch(self, source: str, *, digest: str = "", env: str = "") -> Path | None:
        """Fetch, and note it."""
        try:
            found = self._sources.fetch(source, digest=digest, env=env)
        except HostProblem as problem:
            self.failed.append(problem)
            raise
        name = shown(source) if source.startswith(_WEB) else source
        if found is None:
            self.missing.append(name)
            return None
        self.found = True
        size = found.stat().st_size
        self.files[name] = {"source": name, "bytes": size, "fetched": found in self._fresh}
        if source.startswith(_WEB) and digest in {"", SKIP}:
            self.volatile[name] = None
        if digest.startswith(_WEB):
            self.volatile[shown(digest.partition("#")[0])] = None
        return found

    def below(self, folder: str, *, env: str = "") -> SourceFolder | None:
        """Give what a folder of the tree holds."""
        return self._sources.below(folder, env=env)


class Prefetch(Session):
    """Lets every state look at what it needs, whatever its guards and requisites say."""

    def take(self, names: Sequence[str] | None) -> Row:
        """Fetch for state files, or without names for what the top file says; say what came."""
        compiler = self.compiler(names)
        compiled = compiler.compile()
        if compiled.errors:
            more = {"more_errors": compiled.more_errors} if compiled.more_errors else {}
            return {"errors": [problem_data(one) for one in compiled.errors], **more}
        tree, fresh = tree_of(self.context), set[Path]()
        grounds = self._grounds(tree, compiler.templates)
        noted = Noted(self.sources(tree, fetched=fresh.add), fresh)
        stage = Stage(msgspec.structs.replace(grounds, sources=noted), test=True)
        failed: list[Row] = []
        unsure: list[Row] = []
        for state in compiled.states:
            noted.turn()
            why = self._look(state, stage)
            where = {"id": state.id, "file": state.source.file, "line": state.source.line}
            lost = noted.failed or (not noted.found and noted.missing)
            if why and lost:
                failed.append(where | {"error": why})
            elif why:
                unsure.append(where | {"why": why})
        files = sorted(noted.files.values(), key=lambda one: one["source"])
        came = [one for one in files if one["fetched"]]
        return {
            "errors": [], "files": files, "bytes": sum(one["bytes"] for one in files),
            "fetched": len(came), "fetched_bytes": sum(one["bytes"] for one in came),
            "failed": failed, "unsure": unsure, "volatile": list(noted.volatile),
        }  # fmt: skip

    def _look(self, state: State, stage: Stage) -> str:
        """Let a state check on the predicted machine; give what kept it from that."""
        scope = stage.scope(state)
        try:
            self._check(state, scope)
        except Unknowable as unknown:
            return f"it cannot be known before {', '.join(unknown.because)} ran"
        except ZesterError as error:
            return error.message + (f" ({error.hint})" if error.hint else "")
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the other states go on
            return f"{state.state}.{state.function} raised {type(error).__name__}"
        return ""

    def _check(self, state: State, scope: Scope) -> None:
        full = f"{state.state}.{state.function}"
        resource = self.resources.find(full)
        if resource is None or state.problem:
            raise ZesterError(state.problem or f"there is no state {full}", hint=state.hint)
        params = params_of(resource, state)
        if resource.react is not None:
            resource.react(params, scope)
        plan = resource.check(params, scope)
        if plan.leaves:
            resource.apply(plan, scope)  # so that later states see it
