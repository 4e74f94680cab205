"""Log lines in the runbook's shape, one JSON object each, or as text for people."""

import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TextIO, cast

import msgspec

from zester_proto.errors import ZesterError
from zester_proto.secrets.masker import Masker

Format = Literal["json", "text"]
LEVELS: Final[Mapping[str, int]] = {
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
}
_NAMES: Final[Mapping[int, str]] = {number: name for name, number in LEVELS.items()}
_FIELDS: Final = "zester_fields"
_MAX_TEXT: Final = 8192
"""Characters of one field: a log line is not the place for a command's output."""

_MAX_KEYS: Final = 256

_encode: Final = msgspec.json.Encoder(enc_hook=str).encode


class BadLevel(ZesterError):
    """Raised when a text is no level of logging."""


def parse_level(text: str) -> int:
    """Give the number of a level's name, in any case; `WARNING` is taken for `WARN`.

    Raises:
        BadLevel: there is no such level; the text lists those that exist.
    """
    name = text.strip().upper()
    level = LEVELS.get("WARN" if name == "WARNING" else name)
    if level is None:
        raise BadLevel(f"{text!r} is no log level", hint=f"use one of {', '.join(LEVELS).lower()}")
    return level


class Log:
    """Writes lines with fields.

    Attributes:
        fields: what every line of it carries.
    """

    def __init__(self, name: str, fields: Mapping[str, Any] | None = None) -> None:
        self._logger = logging.getLogger(name)
        self.fields: dict[str, Any] = dict(fields or {})

    def bind(self, **fields: Any) -> "Log":
        """Give a log whose every line carries these fields too (`jid`, `peel_id`)."""
        return Log(self._logger.name, self.fields | fields)

    def debug(self, message: str, **fields: Any) -> None:
        """Say what only a developer wants to know."""
        self._write(logging.DEBUG, message, fields)

    def info(self, message: str, **fields: Any) -> None:
        """Say what normally happens."""
        self._write(logging.INFO, message, fields)

    def warn(self, message: str, **fields: Any) -> None:
        """Say what is worse than it should be, and goes on."""
        self._write(logging.WARNING, message, fields)

    def error(self, message: str, **fields: Any) -> None:
        """Say what somebody has to look into."""
        self._write(logging.ERROR, message, fields)

    def failure(self, message: str, error: BaseException, **fields: Any) -> None:
        """Log an error: our own with its text and hint, any other with its traceback."""
        if isinstance(error, ZesterError):
            self._write(logging.ERROR, message, {"error": error.message} | _hint(error) | fields)
            return
        trace = "".join(traceback.format_exception(error))
        self._write(logging.ERROR, message, {"error": repr(error), "traceback": trace} | fields)

    def _write(self, level: int, message: str, fields: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", message, extra={_FIELDS: self.fields | fields})


def _hint(error: ZesterError) -> dict[str, str]:
    return {"hint": error.hint} if error.hint else {}


class _Lines(logging.Formatter):
    def __init__(self, masker: Masker | None = None) -> None:
        super().__init__()
        self._masker = Masker() if masker is None else masker

    def _message(self, record: logging.LogRecord) -> str:
        return self._masker.text(_text(record))[:_MAX_TEXT]

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        return {name: self._field(value) for name, value in _fields(record).items()}

    def _field(self, value: Any) -> Any:
        if not self._masker.knows:
            return _short(value)
        if value is None or isinstance(value, str | bytes | int | float | list | tuple | Mapping):
            return _short(self._masker.data(value))
        return _short(self._masker.text(str(value)))


class JsonLines(_Lines):
    """`{"time", "level", "msg", fields...}`; what has no JSON form becomes its text."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one line; it never raises."""
        line: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": _level_name(record.levelno),
            "msg": self._message(record),
        }
        for name, value in self._fields(record).items():
            line[name if name not in line else f"{name}_"] = value
        try:
            return _encode(line).decode()
        except (TypeError, ValueError, RecursionError):
            # surrogates of file names, a dict with odd keys: keep the line, as plain text
            plain = {name: ascii(value)[:_MAX_TEXT] for name, value in line.items()}
            return _encode(plain | {"time": line["time"], "level": line["level"]}).decode()


class TextLines(_Lines):
    """`time LEVEL message  key=value ...`, for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Give one entry; a traceback goes on below it."""
        fields = self._fields(record)
        trace = fields.pop("traceback", "")
        words = "".join(f"  {name}={_word(value)}" for name, value in fields.items())
        stamp = timestamp(record.created)
        line = f"{stamp} {_level_name(record.levelno):<5} {self._message(record)}{words}"
        whole = f"{line}\n{trace}".rstrip() if trace else line
        return whole.encode("utf-8", "backslashreplace").decode()


def timestamp(seconds: float) -> str:
    """Give RFC 3339 in UTC with milliseconds."""
    whole = int(seconds)
    milliseconds = min(999, int((seconds - whole) * 1000))
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{milliseconds:03d}Z"


def _level_name(number: int) -> str:
    return _NAMES.get(number) or ("ERROR" if number > logging.ERROR else "DEBUG")


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001  # a library's wrong arguments must not end a line
        return f"{record.msg} ({error})"


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields = cast("dict[str, Any]", record.__dict__.get(_FIELDS, {}))
    if record.name != "zester" and not record.name.startswith("zester."):
        fields = {"logger": record.name} | fields
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        trace = "".join(traceback.format_exception(error))
        fields = fields | {"error": repr(error), "traceback": trace}
    return fields


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return f"{value[:_MAX_TEXT]}... ({len(value)} characters)"
    return value


def _word(value: Any) -> str:
    text = str(value)
    quote = not text or any(c.isspace() or c in "\"'=" for c in text) or not text.isprintable()
    return repr(text) if quote else text


def setup(
    level: str = "info",
    form: Format = "json",
    stream: TextIO | None = None,
    *,
    masker: Masker | None = None,
) -> None:
    """Send every line of the process, nats-py's and asyncio's too, through one handler.

    Args:
        level: the least that is written.
        form: `json` or `text`.
        stream: stderr where none is given.
        masker: takes secrets out of every line; what it learns later counts, too.

    Raises:
        BadLevel: there is no such level.
    """
    number = parse_level(level)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(masker) if form == "json" else TextLines(masker))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # other people's libraries speak up when something is wrong, or when everything is wanted
    root.setLevel(number if number <= logging.DEBUG else max(number, logging.WARNING))
    logging.getLogger("zester").setLevel(number)
    logging.captureWarnings(capture=True)


class Throttle:
    """Lets one of many like lines through, and counts the rest."""

    def __init__(self, every: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing seen.

        Args:
            every: seconds between two lines of one key.
            clock: seconds, rising.
        """
        self._every = every
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def allow(self, key: str) -> int | None:
        """Give how many lines of `key` were held back since the last one, or None to hold this."""
        now = self._clock()
        if len(self._seen) >= _MAX_KEYS:
            self._seen.clear()
        last, held = self._seen.get(key, (-self._every, 0))
        if now - last < self._every:
            self._seen[key] = (last, held + 1)
            return None
        self._seen[key] = (now, 0)
        return held
