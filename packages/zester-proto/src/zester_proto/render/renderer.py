"""Renders the files of a tree: text out, with a line map, or problems with their source lines.

    renderer = Renderer(read, codes=CodeCache(folder), filters=..., dialect="sls")
    rendered = renderer.render("nginx/init.sls", {"salt": ..., "grains": ..., "pillar": ...})
    if not rendered.problems:
        loaded = load(rendered.text, "nginx/init.sls", "sls", rendered.lines)

One renderer serves one compile: its time runs out after `Limits.compile_seconds` of rendering.
What the context holds is handed to templates as it is; they may change dicts and lists in it
(`do x.update(...)`), so copy what must last.
"""

import functools
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from jinja2 import StrictUndefined, Undefined, UndefinedError
from jinja2.tests import TESTS as BUILTIN_TESTS

from zester_proto.errors import ZesterError
from zester_proto.providers import Providers
from zester_proto.render.bounds import check_size
from zester_proto.render.code_cache import CodeCache
from zester_proto.render.environment import (
    Read,
    TreeEnvironment,
    names_of,
    pieces,
    text_of,
    words_of,
)
from zester_proto.render.extensions import DataTags
from zester_proto.render.faults import (
    place_and_chain,
    problems_of,
    steps_to,
    undefined_problem,
)
from zester_proto.render.header import known_settings, split_header
from zester_proto.render.library import GLOBALS, KNOWN_FILTERS, TESTS
from zester_proto.render.lines import LineMap, Origin
from zester_proto.render.nodes import Dialect, Place, Problem
from zester_proto.render.secret_text import Secrets
from zester_proto.render.third_party import Filter, Filters, third_parties
from zester_proto.render.timer import TimeUp, limited
from zester_proto.render.trail import LineBuilder
from zester_proto.render.undefined import Missing, collecting
from zester_proto.secrets.watched import Reads

_TESTS: Final[dict[str, Any]] = {**BUILTIN_TESTS, **TESTS}
_MAX_UNDEFINED: Final = 50
_SIGNS: Final = re.compile(r"\{[{%#]")
"""Where a template begins; a text without is what it renders to."""
_TAGS: Final = (
    "block", "break", "call", "continue", "do", "extends", "filter", "for", "from", "if", "import",
    "include", "macro", "raw", "set", "with",
)  # fmt: skip


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long rendering may take; its size is bounded in bounds.py."""

    file_seconds: float = 5.0
    compile_seconds: float = 30.0


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a file."""

    text: str = ""
    lines: LineMap
    """Of the text; give it to `load`."""
    problems: tuple[Problem, ...] = ()
    """Why there is no text."""
    files: tuple[str, ...] = ()
    """Every file that was read for it, itself first."""
    unknown: bool = False
    """It cannot be known here: it asks for what only the peel itself can answer."""


class Renderer:
    """Renders the files of one tree for one compile."""

    def __init__(
        self,
        read: Read,
        *,
        codes: CodeCache | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        tests: Mapping[str, Callable[..., Any]] | None = None,
        env: Mapping[str, Any] | None = None,
        sls_env: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        third: Providers[Filter] | None = None,
        secrets: Secrets | None = None,
        reads: Reads | None = None,
    ) -> None:
        """Make a renderer.

        Args:
            read: gives the bytes of a file by its path from the tree's root, or None; a
                ZesterError of it says why it cannot. Paths have no `..` and no leading `/`.
            codes: where compiled templates are kept; without it, nowhere.
            filters: more filters, or others in place of ours.
            tests: the same for tests (`x is NAME`).
            env: `jinja_env` of the configuration: Jinja's settings for sources of file.managed.
            sls_env: `jinja_sls_env`, for files of the tree itself.
            limits: how long it may take.
            third: filters of third parties; else those that are installed.
            secrets: for settings, whose templates may ask for secrets.
            reads: counts reads of secrets, for those who use settings.
        """
        self._read = read
        self._codes = codes if codes is not None else CodeCache()
        self._filters = {**KNOWN_FILTERS, **filters} if filters else KNOWN_FILTERS
        self._secrets = secrets
        self._reads = reads
        self._tests: dict[str, Any] = {**_TESTS, **tests} if tests else _TESTS
        self._words = _own_words() + words_of(filters or {}, tests or {})
        self._env = {"source": known_settings(env or {}), "sls": known_settings(sls_env or {})}
        self._limits = limits or Limits()
        self._left = self._limits.compile_seconds
        self._third = third if third is not None else third_parties()

    def render(
        self,
        path: str,
        context: Mapping[str, Any],
        *,
        dialect: Dialect = "zy",
        text: str | bytes | None = None,
        source: bool = False,
    ) -> Rendered:
        """Render one file.

        Args:
            path: from the tree's root; how errors name it.
            context: names for the template, which win over `tplfile`, `tpldir`, `tpldot` and
                `tplroot`. Imported files see them too.
            dialect: how `load_yaml` and `import_yaml` read.
            text: what to render in place of the file's content.
            source: it is a source of file.managed and no file of the tree (`jinja_env` counts).
        """
        job = _Job(path, context, dialect, self._env["source" if source else "sls"])
        started = time.monotonic()
        try:
            with limited(min(self._limits.file_seconds, self._left)):
                return self._render(job, text)
        except TimeUp as error:
            return _failed(path, problems_of(error, Place(path, 1), {}))
        finally:
            self._left -= time.monotonic() - started

    def check(self, path: str, text: bytes, *, dialect: Dialect = "zy") -> tuple[Problem, ...]:
        """Give what is wrong with a file that can be known without rendering it: its syntax."""
        job = _Job(path, {}, dialect, self._env["sls"])
        environment = self._environment(job, Missing)
        try:
            plain = text_of(path, text)
            job.header, rest, skipped = split_header(plain)
            job.environment = environment = self._environment(job, Missing)
            environment.sources[path] = plain
            environment.template(path, rest, skipped)
        except Exception as error:  # noqa: BLE001 -- as in _render
            here = Place(environment.trail.file or path, environment.trail.line)
            return problems_of(error, here, _known(environment))
        return ()

    def _render(self, job: "_Job", data: str | bytes | None) -> Rendered:
        try:
            if data is None:
                data = self._read(job.path)
        except ZesterError as error:
            return _failed(job.path, (Problem(message=error.message, hint=error.hint),))
        if data is None:
            missing = Problem(message=f"there is no file {job.path} in the tree")
            return _failed(job.path, (missing,))
        try:
            return self._run(job, Missing, data)
        except (Exception, TimeUp) as error:  # noqa: BLE001 -- whatever comes out of a template is the template's fault
            environment = job.environment or self._environment(job, Missing)
            here = Place(environment.trail.file or job.path, environment.trail.line)
            problems = problems_of(error, here, _known(environment))
            if isinstance(error, UndefinedError):
                problems = self._all_undefined(job, data) or problems
            return _failed(job.path, problems, tuple(environment.sources))

    def _environment(self, job: "_Job", undefined: type[StrictUndefined]) -> TreeEnvironment:
        environment = TreeEnvironment(
            self._read, self._codes, job.dialect, {**job.env, **job.header}, undefined,
            words=self._words, secrets=self._secrets, reads=self._reads,
        )  # fmt: skip
        environment.filters = Filters(self._filters, self._third, self._secrets)
        environment.tests = self._tests
        environment.globals.update({**GLOBALS, **job.context})
        return environment

    def _run(self, job: "_Job", undefined: type[StrictUndefined], data: str | bytes) -> Rendered:
        text = text_of(job.path, data)
        job.header, rest, skipped = split_header(text)
        if not job.env and not skipped and is_plain(text):
            check_size(len(text))
            return Rendered(text=text, lines=LineMap.plain(job.path, text), files=(job.path,))
        job.environment = environment = self._environment(job, undefined)
        environment.sources[job.path] = text
        template = environment.template(job.path, rest, skipped)
        lines = LineBuilder(job.path)
        for piece in pieces(template, {**names_of(job.path), **job.context}):
            lines.add(piece, environment.trail)
        if text.endswith("\n") and not environment.keep_trailing_newline:
            # Jinja takes the last newline away; Salt puts it back, whatever stands before it.
            environment.trail.at(job.path, text.count("\n"), False, "")
            lines.add("\n", environment.trail)
        environment.trail.settle()
        done = lines.finish(environment.sources, uncertain=environment.trail.uncertain)
        return Rendered(text=done.text, lines=done, files=tuple(environment.sources))

    def _all_undefined(self, job: "_Job", data: str | bytes) -> tuple[Problem, ...]:
        """Render once more, going on at each undefined name."""
        found: dict[tuple[str, Place], Problem] = {}

        def note(missing: Undefined) -> None:
            place, because = place_and_chain(steps_to(sys._getframe(2)), Place(job.path, 1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- the only way to the template's line
            problem = undefined_problem(missing, place, because)
            if len(found) < _MAX_UNDEFINED:
                found.setdefault((problem.message, place), problem)

        # What follows from a name that is not there is no news.
        with suppress(Exception):
            self._run(job, collecting(note), data)
        return tuple(found.values())


def is_plain(text: str) -> bool:
    """Say whether a text renders to itself: nothing in it is a template's."""
    return _SIGNS.search(text) is None and not split_header(text)[2]


@functools.cache
def _own_words() -> bytes:
    return words_of(KNOWN_FILTERS, _TESTS)


class _Job:
    """One file that is rendered."""

    def __init__(
        self, path: str, context: Mapping[str, Any], dialect: Dialect, env: Mapping[str, Any]
    ) -> None:
        self.path = path
        self.context = dict(context)
        self.dialect: Dialect = dialect
        self.env = env
        self.header: dict[str, Any] = {}
        self.environment: TreeEnvironment | None = None


def _known(environment: TreeEnvironment) -> dict[str, Iterable[str]]:
    filters = environment.filters
    return {
        "tag": (*_TAGS, *DataTags.tags),
        "filter": filters.names() if isinstance(filters, Filters) else filters,
        "test": environment.tests,
    }


def _failed(path: str, problems: tuple[Problem, ...], files: tuple[str, ...] = ()) -> Rendered:
    lines = LineMap(path, "", (Origin(path, 1, exact=True),))
    return Rendered(lines=lines, problems=problems, files=files or (path,))
