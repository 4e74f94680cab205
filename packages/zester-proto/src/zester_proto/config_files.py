"""Configuration files to trees, here or in a child, so that the agent never holds PyYAML."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from zester_proto.codec import decode
from zester_proto.config_tree import ConfigError, Mapping, Tree, plain_value
from zester_proto.errors import CodecError

LIMIT: Final = 1024 * 1024
"""Bytes of a configuration file."""

_SECONDS: Final = 20.0


def tree_here(path: Path) -> Mapping | None:
    """Read a file in this process, which loads PyYAML; None where it is empty.

    Raises:
        ConfigError: it cannot be read or is wrong; the text names file and line.
    """
    text = read_text(path)
    from zester_proto.config_yaml import parse  # noqa: PLC0415  # only with a file at hand

    return parse(text, str(path))


def tree_in_child(path: Path) -> Mapping | None:
    """Read a file by a short-lived child; None where it is empty.

    Raises:
        ConfigError: as `tree_here`; or the child failed.
    """
    text = read_text(path)
    if not text.strip():
        return None
    try:
        done = subprocess.run(
            # -P: what lies in the folder that we happen to stand in is no code of ours
            [sys.executable, "-P", "-m", "zester_proto.config_child", str(path)],
            input=text.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        tree = decode(done.stdout, Tree, limit=16 * LIMIT)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ConfigError(f"{path}: cannot be read: {said[-1] if said else error}") from error
    except (OSError, subprocess.TimeoutExpired, CodecError) as error:
        raise ConfigError(f"{path}: cannot be read by a child: {error}") from error
    if tree.error:
        raise ConfigError(tree.error, hint=tree.hint)
    return tree.root


def read_yaml_in_child(path: Path) -> Any:
    """Give what a YAML file says as plain values (core schema of YAML 1.2), by a child.

    Raises:
        ConfigError: it cannot be read, or is no mapping.
    """
    root = tree_in_child(path)
    return {} if root is None else plain_value(root)


def read_text(path: Path) -> str:
    """Read a file's text.

    Raises:
        ConfigError: it is missing, unreadable, too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > LIMIT:
        raise ConfigError(f"{path}: larger than {LIMIT} bytes: this is no configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}:{line}: not UTF-8: the byte {data[error.start]:#04x}",
            hint="save the file as UTF-8",
        ) from error
