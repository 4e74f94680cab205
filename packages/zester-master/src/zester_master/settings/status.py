"""What is published of the settings, and who of the fleet lacks some: for `zester tree status`."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from zester_master.context import Context
from zester_master.settings.published import Published
from zester_master.settings.publisher import SettingsPublisher
from zester_proto.messages.presence import MasterBeat
from zester_proto.messages.settings import SettingsHead

_NAMED: Final = 100


class SettingsStatus:
    """Says how the settings of the site are, as one master knows them.

    Args:
        context: of the master.
        publisher: of its folders.
        published: what lies in the store.
        refused: gives the peels in whose names keys were shown that no master admitted.
    """

    def __init__(
        self,
        context: Context,
        publisher: SettingsPublisher,
        published: Published,
        refused: Callable[[], Collection[str]],
    ) -> None:
        self._context = context
        self._publisher = publisher
        self._published = published
        self._refused = refused

    def status(self, beats: Iterable[MasterBeat]) -> dict[str, Any]:
        """Give it.

        Args:
            beats: the signs of life of all masters.
        """
        head = self._published.head
        lacking = self._lacking() if head is not None else []
        keyless, refused = self._keyless(), sorted(self._refused())
        return {
            "holder": self._publisher.lease.holder,
            "published": _head(head),
            "problems": list(self._publisher.folders.problems),
            "bundles": len(self._published.bundles),
            "lacking": _some(lacking),
            "keyless": _some(keyless),
            "refused": _some(refused),
            "masters": [
                {"name": one.name, "state": _state(one, head), "problems": one.settings_problems}
                for one in beats
            ],
        }

    def _lacking(self) -> list[str]:
        """Give the peels that are known, and for which nothing is sealed."""
        context, bundles = self._context, self._published.bundles
        return [
            one for one in context.index.ids()
            if one not in bundles and one not in context.quarantined
        ]  # fmt: skip

    def _keyless(self) -> list[str]:
        """Give the peels that are connected, and whose keys nobody vouched for yet."""
        context = self._context
        return sorted(
            one for one in context.presence.connected()
            if context.boxes.public(one) is None and one not in context.revoked
        )  # fmt: skip


def _some(names: list[str]) -> dict[str, Any]:
    return {"count": len(names), "peels": names[:_NAMED]}


def _head(head: SettingsHead | None) -> dict[str, Any] | None:
    if head is None:
        return None
    return {
        "generation": head.generation,
        "publisher": head.publisher,
        "issued": head.issued,
        "files": head.files,
        "peels": head.peels,
    }


def _state(beat: MasterBeat, head: SettingsHead | None) -> str:
    if beat.settings_problems:
        return "broken"
    if not beat.settings:
        return "none"
    return "same" if head is not None and beat.settings == head.root else "differs"
