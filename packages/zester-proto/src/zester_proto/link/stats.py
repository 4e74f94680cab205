"""What a link counts, over all its connections."""

from collections.abc import Mapping

_NATS: tuple[str, ...] = ("in_msgs", "out_msgs", "in_bytes", "out_bytes")


class LinkStats:
    """Counts since the process began; the traffic's counts are nats-py's own.

    Attributes:
        reconnects: connections after the first.
        denied: refusals of a subject by the server.
        dropped: times that messages were dropped since a handler was too slow.
        handler_errors: messages whose handler raised.
    """

    def __init__(self) -> None:
        self.reconnects = 0
        self.denied = 0
        self.dropped = 0
        self.handler_errors = 0
        self._past = dict.fromkeys(_NATS, 0)
        self._present: Mapping[str, int] = {}

    def follow(self, counts: Mapping[str, int]) -> None:
        """Count a new connection's traffic from here on."""
        for name in _NATS:
            self._past[name] += self._present.get(name, 0)
        self._present = counts

    def _sum(self, name: str) -> int:
        return self._past[name] + self._present.get(name, 0)

    @property
    def messages_in(self) -> int:
        """Messages received."""
        return self._sum("in_msgs")

    @property
    def messages_out(self) -> int:
        """Messages published."""
        return self._sum("out_msgs")

    @property
    def bytes_in(self) -> int:
        """Bytes of the messages received, without headers."""
        return self._sum("in_bytes")

    @property
    def bytes_out(self) -> int:
        """Bytes of the messages published, without headers."""
        return self._sum("out_bytes")
