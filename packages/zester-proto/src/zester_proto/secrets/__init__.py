"""Keeps the values of secrets out of all that a process says."""
