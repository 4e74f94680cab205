"""Whether settings may declare values to share, so that a worker is worth its start."""

from pathlib import Path
from typing import Final

from zester_proto.identity.sealing import SealError, open_with
from zester_proto.messages.settings import SettingsBundle, file_aad

_WORDS: Final = (b"basket_functions", b"mine_functions")


def may_declare(bundle: SettingsBundle, folder: Path) -> bool:
    """Say whether a file of the bundle names what declares values; blocks for some reading.

    Args:
        bundle: opened.
        folder: where its files lie, as they came.
    """
    for one in bundle.files:
        try:
            data = (folder / one.stored).read_bytes()
            plain = open_with(one.key, file_aad(bundle.site, one.stored), data)
        except (OSError, SealError):
            return True  # the worker says what is wrong
        if any(word in plain for word in _WORDS):
            return True
    return False
