"""What goes wrong with hosts."""


class HostsError(Exception):
    """Raised when a host, a root or what they are made of cannot be had; the text says why."""
