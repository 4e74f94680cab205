"""What `salt[...]` is in templates and guards: functions that read, and what the peel allows."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn, cast

from zester_modules.bind import bind
from zester_modules.call import run_bound
from zester_modules.context import Context
from zester_modules.errors import Refused, UnknownFunction
from zester_modules.function import AnyFunction
from zester_modules.functions.cmd import text_of
from zester_modules.returns import Outcome
from zester_proto.errors import ZesterError
from zester_proto.render.undefined import Missing

PURE: Final = frozenset({
    "config.get", "config.option", "defaults.deepcopy", "defaults.merge", "defaults.update",
    "facts.get", "facts.items", "facts.keys", "grains.equals", "grains.filter_by", "grains.get",
    "grains.has_value", "grains.item", "grains.items", "grains.ls", "log.critical", "log.debug",
    "log.error", "log.info", "log.warning", "pillar.get", "pillar.item", "pillar.items",
    "pillar.keys", "settings.get", "settings.items", "settings.keys", "slsutil.merge",
    "slsutil.merge_all", "slsutil.serialize", "slsutil.update",
})  # fmt: skip
"""Functions that look at nothing but their arguments, facts and settings."""

_PASSED_OVER: Final = frozenset(
    {"python_shell", "output_loglevel", "ignore_retcode", "hide_output"}
)
"""Arguments of Salt's commands that mean nothing here: one word is a shell's line in any case."""


def as_ours(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the arguments of Salt's functions of commands as ours take them."""
    if not name.startswith("cmd."):
        return dict(given)
    kept = {key: value for key, value in given.items() if key not in _PASSED_OVER}
    return {"command" if (name, key) == ("cmd.run", "cmd") else key: kept[key] for key in kept}


class TemplateCalls:
    """Calls functions for templates and guards; it satisfies `resource.Functions`.

    Attributes:
        called: those that were called and looked at more than facts and settings.

    Args:
        context: handed to the functions.
        allowed: `template_functions` of the peel's configuration: others than those that read.
    """

    def __init__(self, context: Context, allowed: frozenset[str] = frozenset()) -> None:
        self.context = context
        self._allowed = allowed
        self._found: dict[str, AnyFunction] = {}
        self.called: set[str] = set()

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Give a function's value; `cmd.run` gives its text, as in Salt.

        Raises:
            ZesterError: there is none, it failed, or may not be called here.
        """
        function = self.find(name)
        kwargs = as_ours(name, kwargs)
        if function.name not in PURE:
            self.called.add(function.name)
        if function.runs == "command":
            return self._command(function, args, kwargs)
        bound = bind(function, args, kwargs, words=False)
        if function.runs == "worker":
            return bound.invoke(self.context)
        coroutine = bound.invoke(self.context)
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value
        finally:
            if inspect.iscoroutine(coroutine):
                coroutine.close()
        raise Refused(f"{name} waits for something, which a template cannot")

    def find(self, name: str) -> AnyFunction:
        """Give a function that may be called here.

        Raises:
            ZesterError: there is none, or it may not be called.
        """
        known = self._found.get(name)
        if known is None:
            known = self.context.registry.find(name)
            if not known.reads and name not in self._allowed:
                raise Refused(
                    f"{name} may not be called while a template renders: it can change the host",
                    hint=f"a peel that is to allow it lists {name} in `template_functions`",
                )
            self._found[name] = known
        return known

    def _command(self, function: AnyFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        done = run_bound(bind(function, args, kwargs, words=False), self.context)
        if done.outcome is Outcome.REFUSED or not isinstance(done.value, Mapping):
            raise ZesterError(done.error or f"{function.name} gave nothing", hint=done.hint)
        return text_of(dict(cast("Mapping[str, Any]", done.value)))


class NoFunction(Missing):
    """Stands for a function that is not there: undefined, and calling it says what is wrong."""

    __slots__ = ("_error",)

    def __init__(self, error: ZesterError) -> None:
        super().__init__(error.message)
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        """Have no attributes: Jinja looks for some before it calls."""
        raise AttributeError(name)

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Raise the error.

        Raises:
            ZesterError: always.
        """
        raise self._error


class Salt(Mapping[str, Any]):
    """`salt['a.b'](...)`, `salt.a.b(...)` and `'a.b' in salt`."""

    def __init__(self, calls: TemplateCalls, module: str = "") -> None:
        self._calls = calls
        self._module = module

    def __getitem__(self, name: str) -> Any:
        full = f"{self._module}.{name}" if self._module else str(name)
        if "." not in full:
            return Salt(self._calls, full)
        try:
            self._calls.find(full)
        except UnknownFunction as error:
            # As in Salt, so that `salt['x.y'] | default(none)` finds out whether there is one.
            self._calls.called.add(full)
            return NoFunction(error)
        except ZesterError:
            pass  # it says so when it is called
        return self._function(full)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def _function(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._calls(name, *args, **kwargs)

        call.__name__ = name.partition(".")[2]
        return call

    def __contains__(self, name: object) -> bool:
        if name not in PURE:
            self._calls.called.add(str(name))
        try:
            self._calls.find(str(name))
        except ZesterError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        registry = self._calls.context.registry
        names = [name for module in registry.modules() for name in registry.functions(module)]
        return iter([name for name in names if name in self])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a function, or the default where there is none; `salt.x.get(...)` is a function."""
        if self._module:
            return self._calls(f"{self._module}.get", name, *([] if default is None else [default]))
        return self[name] if name in self else default  # noqa: SIM401  # this is that get
