"""Settings on disk as they came: a bundle sealed for this peel's own key, and encrypted files.

Nothing of it can be read without the key in the auth folder, which root on this host reads: that is
who the settings are for (settings.md 3).
"""

import contextlib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from zester_proto.codec import digest
from zester_proto.files import make_private_folder, write_atomic

_BUNDLE: Final = "bundle"
_RENDERED: Final = "rendered"
"""Where workers keep what they rendered (zester_modules/states/settings_cache.py)."""
_READY: Final = "ready"


class SettingsStore:
    """The folder of the last settings that were known to be good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.ready = folder / _READY
        """Notes what was made ready for jobs (preparing.py)."""

    def open(self) -> None:
        """Make what is missing.

        Raises:
            FileProblem: the folder cannot be used.
        """
        make_private_folder(self.folder)
        make_private_folder(self.files)

    def bundle(self) -> bytes | None:
        """Give the bundle that was kept, as it came."""
        try:
            return (self.folder / _BUNDLE).read_bytes()
        except OSError:
            return None

    def has(self, stored: str, wanted: bytes) -> bool:
        """Say whether a file lies here whole."""
        try:
            return digest((self.files / stored).read_bytes()) == wanted
        except OSError:
            return False

    def put(self, stored: str, data: bytes) -> None:
        """Keep a file, as it came.

        Raises:
            FileProblem: there is no room.
        """
        write_atomic(self.files / stored, data)

    def keep(self, bundle: bytes, files: Collection[str]) -> None:
        """Keep a bundle whose files are here, and nothing of those before it.

        Raises:
            FileProblem: there is no room.
        """
        write_atomic(self.folder / _BUNDLE, bundle)
        for one in self.files.iterdir():
            if one.name not in files:
                one.unlink(missing_ok=True)

    def forget(self) -> None:
        """Keep nothing."""
        with contextlib.suppress(OSError):
            for name in (_BUNDLE, _READY):
                (self.folder / name).unlink(missing_ok=True)
            for one in (*self.files.iterdir(), *(self.folder / _RENDERED).glob("*")):
                one.unlink(missing_ok=True)
