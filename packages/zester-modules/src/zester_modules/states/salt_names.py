"""Names that Salt puts into modules, which Zester does not: what to write in their place."""

from typing import Final

SALT_NAMES: Final = {
    "__salt__": "context.registry.find('a.b')(context, ...), in a state scope.call('a.b', ...)",
    "__grains__": "context.facts, in a state scope.facts",
    "__pillar__": "context.settings, in a state scope.settings",
    "__opts__": "context.options; a dry run is context.test, and a state never needs to know",
    "__context__": "a variable of the function",
    "__utils__": "an import of a distribution",
    "__states__": "a state of its own in the tree",
    "__env__": "a parameter",
    "__low__": "a parameter",
    "__proxy__": "nothing, there are no proxies",
    "__serializers__": "an import",
}
"""Salt's name, and ours."""


def hint_for(name: str) -> str:
    """Say what stands for a name of Salt's; "" for any other name."""
    ours = SALT_NAMES.get(name)
    return f"Zester injects no names: write {ours} (docs/write-a-module.md)" if ours else ""
