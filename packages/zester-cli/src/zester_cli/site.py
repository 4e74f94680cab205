"""Where the site is and who we are to it: `operator.yaml` and the files that it names."""

import json
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from zester_cli.errors import UsageError

SYSTEM_CONFIG: Final = Path("/etc/zester/operator.yaml")
# What `zester-master` writes needs no YAML parser, whose import costs 40 ms of every command.
_PLAIN: Final = re.compile(r'([a-z_]+): ("(?:[^"\\\x00-\x1f\x7f-\x9f]|\\["\\])+")', re.ASCII)
_KEYS: Final = frozenset({"name", "nats_url", "creds", "ca", "trust_dir"})


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
        found = read_plain(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        found = None
    fields = found or _read_any(path)
    folder = path.absolute().parent
    paths = {key: folder / Path(fields[key]).expanduser() for key in ("creds", "ca", "trust_dir")}
    urls = tuple(url.strip() for url in fields["nats_url"].split(","))
    return SiteConfig(path, fields["name"], urls, **paths)


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


def read_plain(text: str) -> dict[str, str] | None:
    """Read a file that has the five keys and nothing else, each a text in double quotes."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        match = _PLAIN.fullmatch(line)
        if match is None or match[1] in found:
            return None
        found[match[1]] = json.loads(match[2])
    return found if found.keys() == _KEYS else None


def _read_any(path: Path) -> dict[str, str]:
    """Read the file whatever it looks like; what is wrong is said with its line."""
    from zester_cli.site_file import read_site_file  # noqa: PLC0415  # YAML, only where needed

    return read_site_file(path)
