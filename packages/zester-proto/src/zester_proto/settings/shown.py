"""Settings as they may be shown: without their secrets."""

from typing import Any

from zester_proto.codec import digest, pack
from zester_proto.render.kinds import is_list, is_map
from zester_proto.render.nodes import Dialect, Node, Problem
from zester_proto.render.secret_text import SECRET
from zester_proto.render.values import plain
from zester_proto.secrets.masker import MASK
from zester_proto.settings.model import Compiled


def masked(compiled: Compiled) -> dict[str, Any]:
    """Give the values with a mask for each secret.

    A Salt tree marks nothing; where nothing is marked and a file is Salt's, every text is masked.
    """
    if not compiled.secrets and any(layer.dialect == "sls" for layer in compiled.layers):
        return {name: _texts(value) for name, value in compiled.values.items()}
    return {} if compiled.root is None else shown_value(compiled.root, compiled.words)


def digests(compiled: Compiled) -> dict[str, str]:
    """Give a digest of each setting at the top, by its name, made without its secrets.

    Two who render the same give the same; what is masked is not compared.
    """
    return {name: digest(pack(value)).hex()[:16] for name, value in masked(compiled).items()}


def described(problem: Problem) -> str:
    """Give a problem as an operator reads it, with its place first."""
    where = f"{problem.place}: " if problem.place else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return "".join((where, problem.message, hint, *(f"\n  {one}" for one in problem.because)))


def shown_value(node: Node, words: Dialect) -> Any:
    """Give what a node means, with a mask for each secret."""
    return plain(node, words, _mask)


def _mask(node: Node, value: Any) -> Any:
    return MASK if node.tag == SECRET else value


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        return MASK
    if is_map(value):
        return {key: _texts(one) for key, one in value.items()}
    return [_texts(one) for one in value] if is_list(value) else value
