"""Bytes on the wire: envelopes by msgspec, free-form values by ormsgpack in canonical form.

design.md 2 decides the forms. Nothing else in Zester imports msgpack code.
"""

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import Any, Final, TypeVar, cast

import msgspec
import ormsgpack

from zester_proto.errors import CodecError

ENVELOPE_LIMIT: Final = 512 * 1024
"""Bytes of one message; what a peel's template allows (bus.md 1)."""

MAX_DEPTH: Final = 64
"""Levels of a value; far below what either decoder survives."""

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**64 - 1
_PACK_OPTIONS: Final = ormsgpack.OPT_SORT_KEYS

Raw = msgspec.Raw
T = TypeVar("T")

_encoder: Final = msgspec.msgpack.Encoder()
_decoders: Final[dict[Any, msgspec.msgpack.Decoder[Any]]] = {}


def encode(message: msgspec.Struct) -> bytes:
    """Encode an envelope.

    Raises:
        CodecError: a field holds what msgpack cannot carry.
    """
    try:
        return _encoder.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        name = type(message).__name__
        raise CodecError(f"cannot encode a {name}: {error}") from error


def decode(data: bytes, kind: type[T], *, limit: int = ENVELOPE_LIMIT) -> T:
    """Decode an envelope of the given type (a Struct or a union of tagged ones).

    Unknown fields are ignored and missing ones take their defaults, so that versions understand
    each other.

    Raises:
        CodecError: too large, too deep, not msgpack, or not of that type.
    """
    if len(data) > limit:
        raise CodecError(f"a message of {len(data)} bytes is larger than the limit of {limit}")
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    try:
        return cast("T", decoder.decode(data))
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        name = getattr(kind, "__name__", "message")
        raise CodecError(f"not a valid {name}: {error}") from error


def pack(value: Any) -> bytes:
    """Normalise a free-form value and give its canonical bytes: equal values, equal bytes.

    Raises:
        CodecError: it holds something that cannot travel; the text names the path to it.
    """
    return pack_normal(normalise(value))


def pack_normal(value: Any) -> bytes:
    """Give the canonical bytes of a value that `normalise` made.

    Raises:
        CodecError: the value was not normal after all.
    """
    try:
        return ormsgpack.packb(value, option=_PACK_OPTIONS)
    except (ormsgpack.MsgpackEncodeError, RecursionError) as error:
        raise CodecError(f"cannot pack the value: {error}") from error


def unpack(data: bytes, *, limit: int = ENVELOPE_LIMIT) -> Any:
    """Read a free-form value.

    Raises:
        CodecError: too large, too deep, or not msgpack.
    """
    if len(data) > limit:
        raise CodecError(f"a value of {len(data)} bytes is larger than the limit of {limit}")
    try:
        return ormsgpack.unpackb(data)
    except (ormsgpack.MsgpackDecodeError, RecursionError, ValueError) as error:
        raise CodecError(f"not a valid value: {error}") from error


def digest(data: bytes) -> bytes:
    """Give the 32-byte BLAKE2b digest that Zester uses wherever bytes are named by content."""
    return hashlib.blake2b(data, digest_size=32).digest()


def normalise(value: Any, path: str = "$", depth: int = 0) -> Any:
    """Turn a value into what travels: None, bool, int, float, str, bytes, list, dict of str.

    Keys become text, tuples and sets lists, dates RFC 3339; NaN, infinities and integers over 64
    bits become text (design.md 2).

    Raises:
        CodecError: anything else, two keys with one text, or more than 64 levels; names the path.
    """
    if depth > MAX_DEPTH:
        raise CodecError(f"the value is more than {MAX_DEPTH} levels deep at {path[:200]}")
    kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # any value may come here
    if kind is str:
        return _text(value, path)
    if value is None or kind is bool:
        return value
    handler = _NORMAL.get(kind)  # pyright: ignore[reportUnknownArgumentType]
    if handler is None:
        handler = next((to for of, to in _NORMAL.items() if isinstance(value, of)), None)
    if handler is None:
        raise CodecError(f"a value of type {kind.__name__} cannot travel, at {path}")
    return handler(value, path, depth)


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeError as error:  # pragma: no cover - no other is known
        raise CodecError(f"the text at {path} is not Unicode: {error}") from error
    return str(value)


def _integer(value: int, _path: str, _depth: int) -> int | str:
    plain = int(value)
    return plain if _INT_MIN <= plain <= _INT_MAX else str(plain)


def _float(value: float, _path: str, _depth: int) -> float | str:
    plain = float(value)
    return plain if math.isfinite(plain) else str(plain)


def _mapping(value: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _key(key, path)
        if name in result:
            raise CodecError(f"two keys with the text {name!r}, at {path}")
        result[name] = normalise(item, f"{path}.{name}", depth + 1)
    return result


def _key(key: Any, path: str) -> str:
    if not isinstance(key, (str, int, float, dt.date, PurePath)) and key is not None:
        raise CodecError(f"a key of type {type(key).__name__} cannot travel, at {path}")
    plain = normalise(key, path)
    if plain is None:
        return "null"
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def _list(value: list[Any] | tuple[Any, ...], path: str, depth: int) -> list[Any]:
    return [normalise(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]


def _set(value: AbstractSet[Any], path: str, depth: int) -> list[Any]:
    # a set has no order of its own: sort by the canonical bytes so that digests are stable
    return sorted((normalise(item, f"{path}[]", depth + 1) for item in value), key=pack_normal)


def _date(value: dt.date, _path: str, _depth: int) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    return value.isoformat().replace("+00:00", "Z")


def _plain(value: Any, _path: str, _depth: int) -> Any:
    return value


def _as_text(value: Any, path: str, _depth: int) -> str:
    return _text(str(value), path)


def _bytes(value: bytes | bytearray | memoryview, _path: str, _depth: int) -> bytes:
    return bytes(value)


def _struct(value: msgspec.Struct, path: str, depth: int) -> Any:
    return normalise(msgspec.structs.asdict(value), path, depth)


_NORMAL: Final[dict[type, Callable[[Any, str, int], Any]]] = {
    type(None): _plain,
    bool: _plain,
    str: _as_text,
    int: _integer,
    float: _float,
    dict: _mapping,
    list: _list,
    tuple: _list,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    dt.date: _date,
    dt.time: _as_text,
    PurePath: _as_text,
    msgspec.Struct: _struct,
    Mapping: _mapping,
    AbstractSet: _set,
}
