"""Fits each state to its resource: typed parameters, options, and what is wrong by dialect."""

import msgspec

from zester_modules.errors import BrokenModule
from zester_modules.params import BadParameter, fit, parameters
from zester_modules.resource import AnyResource
from zester_modules.states.blocks import Arg
from zester_modules.states.chunks import Chunk
from zester_modules.states.model import Requisite, State
from zester_modules.states.options import OWN, SHARED, read_options
from zester_modules.states.resolve import Resolved
from zester_modules.states.resources_table import Resources
from zester_proto.render.nodes import Problem
from zester_proto.tree.problems import Problems
from zester_proto.units import did_you_mean, suggest


class Validator:
    """Makes finished states of chunks.

    Args:
        resources: what there is.
        problems: where errors and warnings go.
        strict_guards: a boolean as a guard counts in a `.sls` too.
    """

    def __init__(
        self, resources: Resources, problems: Problems, *, strict_guards: bool = False
    ) -> None:
        self._resources = resources
        self._problems = problems
        self._strict_guards = strict_guards

    def state(
        self, chunk: Chunk, requisites: list[Resolved], places: dict[int, int], order: int
    ) -> State:
        """Make one state.

        Args:
            chunk: what was written.
            requisites: what it needs.
            places: where each chunk runs, by index.
            order: its place by definition.
        """
        notes = _Notes(chunk, self._problems)
        resource = self._resource(chunk, notes)
        own = frozenset(parameters(resource)) if resource else frozenset[str]()
        options = read_options(chunk, own, notes.option, strict_guards=self._strict_guards)
        taken = OWN - ({"check_cmd"} & own)
        shared = SHARED if resource and not resource.open else frozenset[str]()
        arguments = {
            key: arg
            for key, arg in chunk.args.items()
            if key not in taken and (key not in shared or key in own)
        }
        params = None if resource is None else self._fit(resource, chunk, arguments, notes)
        source = chunk.source
        return State(
            id=chunk.id, state=chunk.block.state, function=chunk.function, name=chunk.name,
            arguments={key: arg.value for key, arg in arguments.items()},
            requisites=tuple(_requisite(one, places) for one in requisites), options=options,
            source=chunk.block.place, sls=source.sls, env=source.env, dialect=source.dialect,
            order=order, unknown=notes.unknown, problem="; ".join(notes.problems),
            hint=notes.hint, warnings=tuple(notes.warnings), sensitive=chunk.secret,
            context=source.context, params=params,
        )  # fmt: skip

    def _resource(self, chunk: Chunk, notes: "_Notes") -> AnyResource | None:
        try:
            found = self._resources.find(chunk.full)
            hint = "" if found else self._resources.hint(chunk.full)
            message = f"there is no state {chunk.full}"
        except BrokenModule as error:
            found, hint, message = None, error.hint, error.message
        if found is None:
            notes.no_resource(message, hint)
        return found

    def _fit(
        self, resource: AnyResource, chunk: Chunk, arguments: dict[str, Arg], notes: "_Notes"
    ) -> msgspec.Struct | None:
        nodes = {key: arg.value for key, arg in arguments.items()}
        places = {key: arg.place for key, arg in arguments.items()}
        fitted = fit(resource, chunk.name, nodes, chunk.source.dialect, places)
        for bad in fitted.problems:
            notes.argument(_near(bad, resource))
        return fitted.params


def _near(bad: BadParameter, resource: AnyResource) -> BadParameter:
    """Suggest what every state takes, too: a misspelt `unless` is near to `runas`."""
    if bad.kind != "unknown":
        return bad
    near = suggest(bad.argument, [*parameters(resource), *OWN, *SHARED])
    return msgspec.structs.replace(bad, hint=did_you_mean(bad.argument, [near])) if near else bad


class _Notes:
    """What is wrong with one state, sorted by what its dialect makes of it."""

    def __init__(self, chunk: Chunk, problems: Problems) -> None:
        self._chunk = chunk
        self._problems = problems
        self._strict = chunk.source.dialect == "zy" or problems.strict
        self.unknown = False
        self.problems: list[str] = []
        self.hint = ""
        self.warnings: list[str] = []

    def no_resource(self, message: str, hint: str) -> None:
        if self._strict:
            self._problems.error(message, self._chunk.block.functions[-1][1], hint)
            return
        self.unknown = True
        self.hint = hint

    def argument(self, bad: BadParameter) -> None:
        if self._strict and bad.kind != "lacking":
            place = bad.place or self._chunk.block.place
            self._problems.add(Problem(message=bad.message, place=place, hint=bad.hint))
        elif bad.kind in {"unknown", "lacking"}:
            hint = f" ({bad.hint})" if bad.hint else ""
            where = f"line {bad.place.line}: " if bad.place else ""
            self.warnings.append(f"{where}{bad.message}{hint}")
            self._problems.warn(bad.message, bad.place, bad.hint)
        else:
            where = f" ({bad.place})" if bad.place else ""
            self.problems.append(bad.message + where)
            self.hint = self.hint or bad.hint

    def option(self, message: str, hint: str, arg: Arg) -> None:
        passed_over = "passed over" in message
        if self._strict and not passed_over:
            self._problems.error(message, arg.place, hint)
        elif passed_over:
            self.warnings.append(f"line {arg.place.line}: {message}")
            self._problems.warn(message, arg.place, hint)
        else:
            self.problems.append(f"{message} ({arg.place})")
            self.hint = self.hint or hint


def _requisite(one: Resolved, places: dict[int, int]) -> Requisite:
    return Requisite(
        kind=one.wanted.kind,  # pyright: ignore[reportArgumentType]  # blocks.REQUISITES are these words
        states=tuple(sorted(places[index] for index in one.states)),
        place=one.wanted.place,
        text=str(one.wanted),
    )
