"""States of git: working trees and settings."""

from zester_modules.resources.git.settings import CONFIG_SET, CONFIG_UNSET
from zester_modules.resources.git.trees import CLONED, LATEST

__all__ = ["CLONED", "CONFIG_SET", "CONFIG_UNSET", "LATEST"]
