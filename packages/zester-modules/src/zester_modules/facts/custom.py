"""Facts that a host's owner adds: files of YAML or JSON, and programs that print either."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from zester_modules.facts.script import OUTPUT_LIMIT, ScriptFailed, Scripts
from zester_proto import codec
from zester_proto.config_tree import ConfigError
from zester_proto.errors import CodecError

SET_FILE: Final = "set.yaml"
"""What `facts.set` writes; read last, so that what was set holds."""

SCRIPT_SECONDS: Final = 10.0
FILE_LIMIT: Final = OUTPUT_LIMIT
TOTAL_LIMIT: Final = 64 * 1024
"""Bytes of all custom facts, packed; with the built-in ones they have to fit into FACTS_LIMIT."""

_AT_ONCE: Final = 4
_IGNORED: Final = (
    "~", ".bak", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".md", ".orig", ".rpmnew", ".rpmsave",
    ".swp", ".tmp",
)  # fmt: skip


class Unfit(Exception):  # it says what the file is
    """Raised when a file gives no facts; its text says why."""


class Custom(msgspec.Struct, kw_only=True):
    """The custom facts of a host, which file each came from, and what was wrong."""

    facts: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    origins: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    warnings: list[str] = msgspec.field(default_factory=list[str])


def read_custom(folder: Path, scripts: Scripts, *, seconds: float) -> Custom:
    """Give all custom facts of a folder; later names win over earlier ones, `set.yaml` over all.

    Args:
        folder: may be missing.
        scripts: runs the programs.
        seconds: how long all programs together may take.
    """
    custom = Custom()
    try:
        names = _order(os.listdir(folder))  # noqa: PTH208  # names alone are wanted
    except FileNotFoundError:
        return custom
    except OSError as error:
        custom.warnings.append(f"cannot read {folder}: {error.strerror}")
        return custom
    size = 0
    for path, found in _read_all([folder / name for name in names], scripts, seconds):
        try:
            facts = _checked(found)
            size = _grown(size, facts)
        except ConfigError as error:
            custom.warnings.append(error.message)  # it begins with the path and the line
            continue
        except (Unfit, ScriptFailed, CodecError) as error:
            custom.warnings.append(f"{path}: {error}")
            continue
        custom.facts |= facts
        custom.origins |= dict.fromkeys(facts, str(path))
    return custom


def _grown(size: int, facts: dict[str, Any]) -> int:
    size += len(codec.pack_normal(facts))
    if size > TOTAL_LIMIT:
        raise Unfit(f"with it there would be more than {TOTAL_LIMIT} bytes of custom facts")
    return size


def _order(names: list[str]) -> list[str]:
    wanted = [name for name in names if not name.startswith(".") and not name.endswith(_IGNORED)]
    return sorted(wanted, key=lambda name: (name == SET_FILE, os.fsencode(name)))


def _read_all(paths: list[Path], scripts: Scripts, seconds: float) -> Iterator[tuple[str, Any]]:
    """Give each path (as text that can be shown) with its value, or the error that it is."""
    share = min(SCRIPT_SECONDS, seconds * _AT_ONCE / max(_AT_ONCE, len(paths)))

    def read(path: Path) -> Any:
        try:
            return _read(path, scripts, share)
        except (Unfit, ScriptFailed, ConfigError) as error:
            return error

    if not paths:
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # few hosts have any

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for path, found in zip(paths, pool.map(read, paths), strict=True):
            yield os.fsencode(path).decode("utf-8", "backslashreplace"), found


def _read(path: Path, scripts: Scripts, seconds: float) -> Any:
    try:
        status = path.stat()
    except OSError as error:
        raise Unfit(f"cannot be read: {error.strerror}") from None
    if stat.S_ISDIR(status.st_mode):
        raise Unfit("is a folder; facts are not looked for in folders")
    if not stat.S_ISREG(status.st_mode):
        raise Unfit("is no plain file")
    if path.suffix in {".yaml", ".yml", ".json"}:
        _check_mode(status, 0o002)
        return _parse(_content(path), path, is_json=path.suffix == ".json")
    if not status.st_mode & 0o111:
        raise Unfit("is neither .yaml, .json nor executable")
    _check_program(path, status)
    return _parse(scripts.run(path, seconds), path, is_json=False)


def _check_mode(status: os.stat_result, bits: int) -> None:
    if status.st_mode & bits:
        raise Unfit(f"others may write to it (mode {status.st_mode & 0o7777:04o}): chmod go-w it")


def _check_program(path: Path, status: os.stat_result) -> None:
    """Refuse to run what somebody else than the agent's own user could have written."""
    _check_mode(status, 0o022)
    folder = path.parent.stat()
    for what, owner in (("it", status.st_uid), ("its folder", folder.st_uid)):
        if owner not in {0, os.geteuid()}:
            raise Unfit(f"{what} belongs to user {owner}: chown root it")
    if folder.st_mode & 0o002:
        raise Unfit("others may write to its folder: chmod o-w it")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise Unfit(f"cannot be read: {error.strerror}") from None
    if len(content) > FILE_LIMIT:
        raise Unfit(f"is larger than {FILE_LIMIT} bytes")
    return content


def _parse(content: bytes, path: Path, *, is_json: bool) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unfit(f"is not UTF-8: a bad byte after {error.start} good ones") from None
    if not text.strip():
        return {}
    if not is_json and text.lstrip()[0] not in "{[":
        return _parse_yaml(text, path)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        if is_json:
            raise Unfit(f"is not JSON: {error}") from None
    return _parse_yaml(text, path)


def _parse_yaml(text: str, path: Path) -> Any:
    from zester_modules.facts import yamlfile  # noqa: PLC0415  # 50 ms that JSON need not pay

    return yamlfile.load(text, str(path))


def _checked(found: Any) -> dict[str, Any]:
    if isinstance(found, Exception):
        raise found
    if not isinstance(found, dict):
        raise Unfit(f"holds no map of names and values but a {type(found).__name__}")
    facts = cast("dict[Any, Any]", found)
    return codec.normalise(facts)
