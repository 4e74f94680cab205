"""Runs a compiled tree: check, plan, apply and react, in the order of the requisites."""

from zester_modules.states.run.grounds import Grounds, Wishes
from zester_modules.states.run.runner import run

__all__ = ["Grounds", "Wishes", "run"]
