"""The key that each peel shares with the masters, derived when its facts arrive (bus.md 6.6)."""

from typing import NamedTuple

from zester_proto.identity.sealing import BoxKey, SealError, shared_key


class _Box(NamedTuple):
    public: bytes
    shared: bytes


class Boxes:
    """Shared keys by peel."""

    def __init__(self, returning: BoxKey) -> None:
        self._mine = returning
        self.changes = 0
        """Rises with every key that is new."""
        self._boxes: dict[str, _Box] = {}

    def put(self, peel_id: str, public: bytes) -> bytes:
        """Give the key shared with a peel whose X25519 key is vouched for; derive it if new.

        Raises:
            SealError: it is no usable public key.
        """
        box = self._boxes.get(peel_id)
        if box is None or box.public != public:
            box = self._boxes[peel_id] = _Box(public, shared_key(self._mine, public))
            self.changes += 1
        return box.shared

    def get(self, peel_id: str) -> bytes | None:
        """Give the key shared with a peel, if its own is known."""
        box = self._boxes.get(peel_id)
        return box.shared if box is not None else None

    def public(self, peel_id: str) -> bytes | None:
        """Give a peel's X25519 key, if it is known."""
        box = self._boxes.get(peel_id)
        return box.public if box is not None else None

    def drop(self, peel_id: str) -> None:
        """Forget a peel."""
        self._boxes.pop(peel_id, None)


__all__ = ["Boxes", "SealError"]
