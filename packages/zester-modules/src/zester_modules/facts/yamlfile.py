"""YAML as facts are written in it: configuration's own dialect, the core schema of YAML 1.2.

Only children and workers import this; YAML never enters the agent.
"""

import re
from typing import Any, Final

import msgspec

from zester_proto.config_tree import plain_value
from zester_proto.config_yaml import parse

_PLAIN_KEY: Final = re.compile(r"(?!(?i:null|true|false)$)[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON may hold as it is, and YAML may not."""


def load(text: str, name: str) -> dict[str, Any]:
    """Read one document; an empty one is an empty map.

    Args:
        text: the document.
        name: how errors name it.

    Raises:
        ConfigError: it is not YAML, no map, has a key twice, or uses aliases or tags; the text
            begins with name and line.
    """
    root = parse(text, name)
    return {} if root is None else plain_value(root)


def dump(value: dict[str, Any]) -> str:
    """Write a map so that `load` gives it back: a line for each key, sorted, its value as JSON."""
    return "".join(f"{_key(name)}: {_json(value[name])}\n" for name in sorted(value))


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else _json(name)


def _json(value: Any) -> str:
    text = msgspec.json.encode(value, order="deterministic").decode()
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
