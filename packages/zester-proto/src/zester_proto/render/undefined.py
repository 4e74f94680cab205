"""Names that a template uses and nobody gave: an error at once, or a list of all of them."""

from typing import Any, Final, NoReturn

from jinja2 import StrictUndefined, Undefined

Found = list[tuple[str, Undefined]]
"""What was missed, with the place in the template's code where it was used."""

_USES: Final = (
    "add", "call", "div", "floordiv", "ge", "getitem", "gt", "le", "lt", "mod", "mul", "neg",
    "pos", "pow", "radd", "rdiv", "rfloordiv", "rmod", "rmul", "rpow", "rsub", "rtruediv", "sub",
    "truediv",
)  # fmt: skip


class Missing(StrictUndefined):
    """Any use of it is an error, but for `is defined` and `default`."""

    __slots__ = ()

    def fail(self) -> NoReturn:
        """Raise the error that a use raises.

        Raises:
            UndefinedError: always.
        """
        self._fail_with_undefined_error()


def collecting(note: Any) -> type[StrictUndefined]:
    """Return a class whose objects note each use and go on as something empty.

    Args:
        note: called with the object at each use that would be an error.
    """

    def use(self: Undefined, *_args: Any, **_kwargs: Any) -> Any:
        note(self)
        return self

    def empty(result: Any) -> Any:
        def method(self: Undefined, *_args: Any) -> Any:
            note(self)
            return result() if callable(result) else result

        return method

    def attribute(self: Undefined, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        note(self)
        return self

    body: dict[str, Any] = {f"__{name}__": use for name in _USES}
    body |= {
        "__slots__": (),
        "__getattr__": attribute,
        "__str__": empty(""),
        "__iter__": empty(lambda: iter(())),
        "__len__": empty(0),
        "__bool__": empty(False),
        "__int__": empty(0),
        "__float__": empty(0.0),
        "__complex__": empty(0j),
        "__contains__": empty(False),
        "__eq__": empty(False),
        "__ne__": empty(True),
        "__hash__": empty(0),
        "fail": use,
    }
    return type("Collecting", (StrictUndefined,), body)
