"""Where the site is and who we are to it: `operator.yaml` and the files that it names."""

import json
import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from zester_cli.errors import UsageError
from zester_cli.suggest import closest, did_you_mean

SYSTEM_CONFIG: Final = Path("/etc/zester/operator.yaml")
KEYS: Final = ("name", "nats_url", "creds", "ca", "trust_dir")
# What `zester-master` writes needs no YAML parser, whose import costs 20 ms of every command.
_PLAIN: Final = re.compile(r'([a-z_]+): (?:("(?:[^"\\\x00-\x1f]|\\["\\])*")|([A-Za-z0-9/._-]+))')
_NOT_TEXT: Final = re.compile(r"[-.0-9].*|null|true|false|yes|no|on|off|y|n|[.+-].*", re.IGNORECASE)


class SiteConfig(NamedTuple):
    """What `operator.yaml` says, with whole paths."""

    path: Path
    name: str
    nats_url: tuple[str, ...]
    creds: Path
    ca: Path
    trust_dir: Path


def load_site(option: str = "", environment: dict[str, str] | None = None) -> SiteConfig:
    """Find and read the configuration: `--config`, ZESTER_CONFIG, the home's, the host's.

    Raises:
        UsageError: there is none, or it is wrong; the text names file and line.
    """
    path = find_config(option, environment)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read {path}: {reason}") from error
    return check_config(path, read_config(path, text))


def find_config(option: str, environment: dict[str, str] | None = None) -> Path:
    """Give the file that holds the configuration.

    Raises:
        UsageError: there is none.
    """
    known = os.environ if environment is None else environment
    named = option or known.get("ZESTER_CONFIG", "")
    if named:
        path = Path(named).expanduser()
        return path / "operator.yaml" if path.is_dir() else path
    home = Path(known.get("HOME") or "~").expanduser() / ".zester" / "operator.yaml"
    for path in (home, SYSTEM_CONFIG):
        if path.exists():
            return path
    raise UsageError(
        f"there is no configuration: neither {home} nor {SYSTEM_CONFIG} exists",
        hint="name your operator.yaml by --config FILE or ZESTER_CONFIG; "
        "zester-master init makes the first one, zester-master operator add more",
    )


def read_config(path: Path, text: str) -> dict[str, Any]:
    """Read the file's map, without a YAML parser where it is as plain as ours.

    Raises:
        UsageError: it is no YAML, or no map.
    """
    plain = _read_plain(text)
    return plain if plain is not None else _read_yaml(path, text)


def _read_plain(text: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        match = _PLAIN.fullmatch(line)
        if match is None or match[1] in found or (match[3] and _NOT_TEXT.fullmatch(match[3])):
            return None
        found[match[1]] = json.loads(match[2]) if match[2] else match[3]
    return found


def _read_yaml(path: Path, text: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  # only for files that are not as plain as ours

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        reason = getattr(error, "problem", None) or "not YAML"
        raise UsageError(f"{where}: {reason}", hint="the file is to be a map in YAML") from error
    if value is not None and not isinstance(value, dict):
        raise UsageError(f"{path} holds no map", hint=f"its keys are {', '.join(KEYS)}")
    return cast("dict[str, Any]", value or {})


def check_config(path: Path, found: dict[str, Any]) -> SiteConfig:
    """Check the keys and make the paths whole: they are relative to the file's folder.

    Raises:
        UsageError: a key is missing, unknown or no text.
    """
    for key, value in found.items():
        if key not in KEYS:
            hint = did_you_mean(closest(str(key), KEYS)) or f"its keys are {', '.join(KEYS)}"
            raise UsageError(f"{_where(path, key)}: there is no key {key!r}", hint=hint)
        texts = _texts(value) if key == "nats_url" else [value]
        if not texts or not all(isinstance(one, str) and one for one in texts):
            raise UsageError(f"{_where(path, key)}: {key} is to be a text")
    for key in KEYS:
        if key not in found:
            raise UsageError(f"{path}: the key {key} is missing")
    folder = path.absolute().parent

    def whole(key: str) -> Path:
        return folder / Path(found[key]).expanduser()

    return SiteConfig(
        path=path,
        name=found["name"],
        nats_url=tuple(_texts(found["nats_url"])),
        creds=whole("creds"),
        ca=whole("ca"),
        trust_dir=whole("trust_dir"),
    )


def _texts(value: Any) -> list[Any]:
    """Give the URLs: a list, or a text in which commas part them."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    return value.split(",") if isinstance(value, str) else [value]


def _where(path: Path, key: object) -> str:
    """Give the place of a key as file and line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return str(path)
    for number, line in enumerate(lines, start=1):
        if line.startswith(f"{key}:"):
            return f"{path}:{number}"
    return str(path)
