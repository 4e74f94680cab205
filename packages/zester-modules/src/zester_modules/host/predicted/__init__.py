"""A machine as it would be after the states so far: the real one under remembered changes."""

from zester_modules.host.predicted.history import History
from zester_modules.host.predicted.machine import PredictedMachine

__all__ = ["History", "PredictedMachine"]
