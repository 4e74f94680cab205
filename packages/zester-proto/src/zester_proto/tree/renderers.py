"""The first line of a file that says what renders it: `#!jinja|yaml`."""

from typing import Final

KNOWN: Final = frozenset({"jinja", "yaml"})

_INSTEAD: Final = {
    "gpg": "mark the values with `!secret NAME` and keep them with `zester-master secret set`",
    "py": "write what it computes as Jinja and YAML, or as facts of the peel",
    "pydsl": "write it as Jinja and YAML",
    "pyobjects": "write it as Jinja and YAML",
    "mako": "write its templates as Jinja",
    "yamlex": "name the file .zy: its lists are put together by !append and !unique",
    "json": "JSON is YAML as it is: take the line away",
    "json5": "write it as YAML",
    "nacl": "mark the values with `!secret NAME` and keep them with `zester-master secret set`",
}


def pipe_of(first_line: str) -> list[str] | None:
    """Give the renderers that a first line such as `#!jinja|yaml` asks for; None for none."""
    if not first_line.startswith("#!") or first_line.startswith("#!/"):
        return None
    return [part.split()[0] for part in first_line[2:].split("|") if part.strip()]


def instead_of(renderer: str) -> str:
    """Say what replaces a renderer that Zester has not."""
    return _INSTEAD.get(renderer, "rewrite it as Jinja and YAML")
