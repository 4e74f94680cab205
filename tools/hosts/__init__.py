"""Whole Debian hosts with a systemd of their own, and throw-away roots, for tests and people."""
