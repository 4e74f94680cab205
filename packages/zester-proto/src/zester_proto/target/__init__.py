"""Targets: the language that says which peels are meant, and its truth for one peel."""

from zester_proto.target.ast import Node, Part, asks_settings, walk
from zester_proto.target.errors import SettingsUnavailable, TargetError
from zester_proto.target.language import EveryGroup, Groups, check_groups, parse
from zester_proto.target.matcher import matches
from zester_proto.target.values import MISSING, value_at
from zester_proto.target.writing import write

format = write  # noqa: A001  # the pair of parse; callers write target.format

__all__ = [
    "MISSING",
    "EveryGroup",
    "Groups",
    "Node",
    "Part",
    "SettingsUnavailable",
    "TargetError",
    "asks_settings",
    "check_groups",
    "format",
    "matches",
    "parse",
    "value_at",
    "walk",
    "write",
]
