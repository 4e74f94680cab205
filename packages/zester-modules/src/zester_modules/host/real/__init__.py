"""The machine that this process runs on."""

from zester_modules.host.real.machine import RealMachine

__all__ = ["RealMachine"]
