"""The third parties' functions, from the metadata of installed distributions.

Reading the metadata costs 35 ms and MiBs, and importing what reads it 12 ms: it is done when a name
is looked for that is none of ours, and never in the agent.
"""

from typing import Final

from zester_proto.providers import Provider, installed

GROUP: Final = "zester.functions"
"""The entry points' name is the first name of the functions, their value the Python module."""


def scan() -> list[Provider]:
    """Give all providers that are installed; nothing of theirs is imported yet."""
    return installed(GROUP)
