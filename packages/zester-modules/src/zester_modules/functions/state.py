"""Functions of states; those that run them lie in state_apply."""

from zester_modules.functions.state_apply import apply, highstate, single, sls

__all__ = ["apply", "highstate", "single", "sls"]
