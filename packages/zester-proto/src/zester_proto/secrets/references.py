"""Arguments of jobs that name a secret instead of saying it: `key=secret:NAME` (settings.md 2).

A whole argument is a reference or it is none: `secret:db/password` names a secret, and a command
line in which these letters stand says what it says. Master and peel read them by the same rule.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from zester_proto.codec import Raw
from zester_proto.errors import ZesterError

CAPABILITY: Final = "job-secrets"
"""What `Job.needs` says, so that a peel that would take the reference for a value refuses."""

NAMES: Final = "use 1 to 64 of A-Z a-z 0-9 _ . / -"
"""What names of secrets are made of, as a hint."""

_SIGN: Final = b"secret:"
_NAME: Final = re.compile(r"[A-Za-z0-9_./-]{1,64}")
_REFERENCE: Final = re.compile(rf"secret:({_NAME.pattern})")


class UnknownSecret(ZesterError):
    """Raised when an argument names a secret whose value did not come."""


def is_name(text: str) -> bool:
    """Say whether a secret may have this name."""
    return _NAME.fullmatch(text) is not None


def may_name_secrets(args: bytes | Raw, kwargs: bytes | Raw, sealed: bytes = b"") -> bool:
    """Say whether packed arguments may name a secret; they need not be unpacked for that."""
    return bool(sealed) or _SIGN in bytes(args) or _SIGN in bytes(kwargs)


def named_by(value: Any) -> str | None:
    """Give the name of the secret that an argument stands for; None if it is no reference."""
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found is not None else None


def names_in(*arguments: Any) -> tuple[str, ...]:
    """Give the names of all secrets that arguments stand for, each once, sorted.

    Args:
        arguments: values as they travel; maps and lists are looked through, keys are not.
    """
    found: set[str] = set()
    waiting = list(arguments)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += cast("dict[Any, Any]", value).values()
        elif isinstance(value, list):
            waiting += cast("list[Any]", value)
        elif (name := named_by(value)) is not None:
            found.add(name)
    return tuple(sorted(found))


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """Give arguments with the values of secrets in the places of their names.

    Args:
        value: as it travels.
        values: of the secrets, by name.

    Raises:
        UnknownSecret: one did not come.
    """
    if isinstance(value, dict):
        pairs = cast("dict[Any, Any]", value).items()
        return {key: filled(one, values) for key, one in pairs}
    if isinstance(value, list):
        return [filled(one, values) for one in cast("list[Any]", value)]
    name = named_by(value)
    if name is None:
        return value
    if name not in values:
        raise UnknownSecret(
            f"no value of the secret {name!r} came with the job",
            hint="zester-master secret list; then run the job anew",
        )
    return values[name]
