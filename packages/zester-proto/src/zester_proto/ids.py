"""Names of things: jids, peel ids, operators, and the tokens in which they travel."""

import re
import secrets
import time
from collections.abc import Callable
from typing import Final

from zester_proto.errors import BadId

PEEL_ID_MAX: Final = 128
_PEEL_ID: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?", re.ASCII)
_OPERATOR: Final = re.compile(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
_RESERVED: Final = frozenset({
    "all", "any", "none", "localhost", "localhost.localdomain", "localhost4", "localhost6",
    "ip6-localhost", "master", "masters", "peel", "self",
})  # fmt: skip

# KSUID: 4 bytes of seconds since this epoch, 16 random bytes, base62 in 27 letters.
_KSUID_EPOCH: Final = 1_400_000_000
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_JID: Final = re.compile(r"[0-9A-Za-z]{27}", re.ASCII)
_JID_MAX: Final = "aWgEPTl1tmebfsQzFP4bxwgy80V"


def new_jid(clock: Callable[[], float] = time.time) -> str:
    """Make a job id: a KSUID, whose text sorts by the second in which it was made."""
    seconds = max(0, int(clock()) - _KSUID_EPOCH) & 0xFFFFFFFF
    number = seconds << 128 | int.from_bytes(secrets.token_bytes(16))
    letters: list[str] = []
    for _ in range(27):
        number, rest = divmod(number, 62)
        letters.append(_BASE62[rest])
    return "".join(reversed(letters))


def is_jid(text: str) -> bool:
    """Say whether a text is a jid; the highest that 20 bytes can hold is the bound."""
    return _JID.fullmatch(text) is not None and text <= _JID_MAX


def check_jid(text: str) -> str:
    """Give the jid back.

    Raises:
        BadId: it is none.
    """
    if not is_jid(text):
        raise BadId(
            f"{_shown(text)} is not a job id",
            hint="a jid has 27 letters and digits: zester job list",
        )
    return text


def jid_time(jid: str) -> float:
    """Give the second in which a jid was made, as Unix time."""
    number = 0
    for letter in check_jid(jid):
        number = number * 62 + _BASE62.index(letter)
    return float((number >> 128) + _KSUID_EPOCH)


def check_peel_id(text: str) -> str:
    """Give the peel id back (bus.md 2: the rule of ids).

    Raises:
        BadId: it is none; the text says which rule it breaks.
    """
    reason = _peel_id_fault(text)
    if reason:
        raise BadId(
            f"{_shown(text)} is not a valid peel id: {reason}",
            hint="use 1 to 128 of a-z 0-9 . _ - beginning and ending in a letter or digit",
        )
    return text


def _peel_id_fault(text: str) -> str:
    if not text:
        return "it is empty"
    if len(text) > PEEL_ID_MAX:
        return f"it has {len(text)} characters, at most {PEEL_ID_MAX} are allowed"
    if text != text.lower():
        return "it has upper-case letters"
    if ".." in text:
        return "it has two dots in a row"
    if text in _RESERVED:
        return "that name is reserved"
    if _PEEL_ID.fullmatch(text) is None:
        bad = next((c for c in text if not re.fullmatch(r"[a-z0-9._-]", c, re.ASCII)), "")
        return f"it has {bad!r}" if bad else "it begins or ends in . _ or -"
    return ""


def check_operator(text: str) -> str:
    """Give the name of an operator or a master back: one token, no dots.

    Raises:
        BadId: it is none.
    """
    if _OPERATOR.fullmatch(text) is None:
        raise BadId(
            f"{_shown(text)} is not a valid name",
            hint="use 1 to 64 of a-z 0-9 _ - beginning and ending in a letter or digit",
        )
    return text


def token(peel_id: str) -> str:
    """Give the form of a peel id in subjects and keys: one token, `.` as `=2E`.

    Raises:
        BadId: it is no peel id.
    """
    return check_peel_id(peel_id).replace(".", "=2E")


def from_token(text: str) -> str:
    """Give the peel id that travels as `text`; the inverse of `token`.

    Raises:
        BadId: no peel id travels so.
    """
    peel_id = text.replace("=2E", ".")
    if "." in text or "=" in peel_id:
        raise BadId(f"{_shown(text)} is not a peel id as it travels")
    return check_peel_id(peel_id)


def dot_token(text: str) -> str:
    """Give a function's name as one token (basket keys): `.` as `=2E`."""
    return text.replace(".", "=2E")


def new_request_id() -> str:
    """Make the id of one request of an operator: 24 hexadecimal digits."""
    return secrets.token_hex(12)


def is_request_id(text: str) -> bool:
    """Say whether a text is the id of a request."""
    return _REQUEST_ID.fullmatch(text) is not None


def new_instance(boot_id: str = "") -> str:
    """Make the id of one life of a process: the host's boot and something random (bus.md 2)."""
    return f"{boot_id.replace('-', '')[:12]}{secrets.token_hex(8)}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
