"""What the parts of Zester share: messages, subjects, buckets, targets, identity, the link."""

from typing import Final

# The one place of this version at run time; the build checks it against pyproject.toml.
__version__: Final = "0.1.0"

PROTOCOL: Final = 1
"""The wire protocol, in every envelope; apart from the packages' versions (design.md 1)."""
