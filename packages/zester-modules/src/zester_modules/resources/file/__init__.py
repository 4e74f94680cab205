"""States of files and folders; each lies in the module of its name, or of the first of its kind."""

from typing import Final

PARTS: Final = (
    "absent", "accumulated", "append", "blockreplace", "comment", "copy", "directory", "keyvalue",
    "line", "managed", "recurse", "rename", "replace", "serialize", "symlink", "touch",
)  # fmt: skip
"""Where they are declared; a run imports what its states need."""
