"""Says what kind of data a value of a template is, in a way that type checkers follow."""

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Say whether it is a list."""
    return isinstance(value, list)


def is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    """Say whether it is a tuple."""
    return isinstance(value, tuple)


def is_items(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Say whether it is a list or tuple."""
    return isinstance(value, list | tuple)


def is_sized(value: Any) -> TypeGuard[str | bytes | list[Any] | tuple[Any, ...]]:
    """Say whether it is a text, bytes, a list or a tuple."""
    return isinstance(value, str | bytes | list | tuple)


def is_set(value: Any) -> TypeGuard[set[Any] | frozenset[Any]]:
    """Say whether it is a set."""
    return isinstance(value, set | frozenset)


def is_map(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Say whether it is a mapping."""
    return isinstance(value, Mapping)


def is_dict(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Say whether it is a dict."""
    return isinstance(value, dict)
