"""What every message has in common."""

import msgspec

from zester_proto import PROTOCOL


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """A message: frozen, named fields, unknown ones ignored, tagged by its kind in `t`."""

    v: int = PROTOCOL
    """The protocol of its writer."""
