"""States of files and folders."""

from zester_modules.resources.file.absent import ABSENT, EXISTS, MISSING
from zester_modules.resources.file.accumulated import ACCUMULATED
from zester_modules.resources.file.append import APPEND, PREPEND
from zester_modules.resources.file.blockreplace import BLOCKREPLACE
from zester_modules.resources.file.comment import COMMENT, UNCOMMENT
from zester_modules.resources.file.copied import COPY
from zester_modules.resources.file.directory import DIRECTORY
from zester_modules.resources.file.keyvalue import KEYVALUE
from zester_modules.resources.file.line import LINE
from zester_modules.resources.file.managed import MANAGED
from zester_modules.resources.file.recurse import RECURSE
from zester_modules.resources.file.rename import RENAME
from zester_modules.resources.file.replace import REPLACE
from zester_modules.resources.file.serialize import SERIALIZE
from zester_modules.resources.file.symlink import SYMLINK
from zester_modules.resources.file.touch import TOUCH

__all__ = [
    "ABSENT", "ACCUMULATED", "APPEND", "BLOCKREPLACE", "COMMENT", "COPY", "DIRECTORY", "EXISTS",
    "KEYVALUE", "LINE", "MANAGED", "MISSING", "PREPEND", "RECURSE", "RENAME", "REPLACE",
    "SERIALIZE", "SYMLINK", "TOUCH", "UNCOMMENT",
]  # fmt: skip
