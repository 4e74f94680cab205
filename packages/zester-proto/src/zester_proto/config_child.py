"""Reads YAML for a process that must not load PyYAML: text on stdin, a tree as msgpack on stdout.

`python -m zester_proto.config_child NAME`, started by `config_files.tree_in_child`.
"""

import sys

from zester_proto.codec import encode
from zester_proto.config_tree import ConfigError, Tree
from zester_proto.config_yaml import parse


def main() -> None:
    """Read, answer, end."""
    name = sys.argv[1]
    try:
        tree = Tree(root=parse(sys.stdin.buffer.read().decode(), name))
    except ConfigError as error:
        tree = Tree(error=error.message, hint=error.hint)
    sys.stdout.buffer.write(encode(tree))


if __name__ == "__main__":
    main()
