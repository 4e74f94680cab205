"""Tells systemd how far the agent is, where a unit of `Type=notify` asks for it."""

import os
import socket


def notify(state: str) -> None:
    """Send a state as `READY=1` to the socket that systemd named; without one, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect(address)
            channel.send(state.encode())
    except OSError:
        return  # systemd finds out by itself
