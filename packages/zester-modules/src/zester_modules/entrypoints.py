"""The third parties' functions, from the metadata of installed distributions.

Reading the metadata costs 35 ms and MiBs: workers and short-lived children import this, the agent
never does.
"""

from importlib.metadata import entry_points
from typing import Final

from zester_modules.registry import Provider

GROUP: Final = "zester.functions"
"""The entry points' name is the first name of the functions, their value the Python module."""


def scan() -> list[Provider]:
    """Give all providers that are installed; nothing of theirs is imported yet."""
    found: list[Provider] = []
    for point in entry_points(group=GROUP):
        owner = point.dist
        package = f"{owner.name} {owner.version}" if owner else point.value
        found.append(Provider(module=point.name, package=package, load=point.load))
    return sorted(found, key=lambda one: (one.module, one.package))
