"""States that call execution functions: module.run and module.wait."""

from zester_modules.resources.module.run import RUN, WAIT

__all__ = ["RUN", "WAIT"]
