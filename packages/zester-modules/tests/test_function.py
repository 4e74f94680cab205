import pytest

from zester_modules.registry import Context, function


def test_a_declared_function_is_still_called_like_any_other(context: Context):
    @function("try.double", reads=True, dry=True, timeout=5, lock="x")
    def double(_context: Context, number: int) -> int:
        """Double it."""
        return 2 * number

    assert double(context, 4) == 8
    assert (double.name, double.runs, double.__doc__) == ("try.double", "worker", "Double it.")
    assert (double.reads, double.dry, double.timeout, double.lock) == (True, True, 5, "x")
    assert repr(double) == "<function try.double>"
    assert [(one.name, one.required) for one in double.parameters] == [("number", True)]


@pytest.mark.parametrize("name", ["ping", "a.b.c", "A.b", "a.", ".b", "a.b-c", "a.ä", "a.b\n"])
def test_a_name_has_two_parts(name: str):
    with pytest.raises(TypeError, match=r"must look like module\.function"):
        function(name)(lambda _context: None)


def test_an_inline_function_has_to_be_a_coroutine_function():
    with pytest.raises(TypeError, match=r"try\.x runs in the agent"):
        function("try.x", runs="inline")(lambda _context: None)


def test_a_parameter_without_a_type_is_a_mistake_of_the_function():
    def untyped(_context: Context, thing: str) -> None:
        pass

    del untyped.__annotations__["thing"]
    declared = function("try.untyped")(untyped)
    with pytest.raises(TypeError, match=r"try\.untyped: the parameter thing has no type"):
        _ = declared.parameters
