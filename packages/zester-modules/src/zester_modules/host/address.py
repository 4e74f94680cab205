"""Addresses of the web as operators see them, and what to do where one has no answer."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

UNREACHED: Final = "look from this host: does its name resolve, and does `curl -I` get an answer?"
"""What to do where no answer came."""


def shown(url: str) -> str:
    """Give an address as it may be told: without the password in it, or its query."""
    try:
        parts = urlsplit(url)
    except ValueError:  # it is none, and nobody knows where a password begins in it
        return f"{url.partition('://')[0]}://..."
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def advice(status: int) -> str:
    """Say what to do where a server gives an answer, but not what it was asked for.

    Args:
        status: of the answer.
    """
    if status in {401, 403, 407}:
        return "it gives that to some only: write https://NAME:PASSWORD@... if that is how it asks"
    if status in {404, 410}:
        return "look whether the address is still right; a source may be a list, too"
    if status in {408, 425, 429} or status >= 500:
        return "that may pass: try again later, or give the state a `retry`"
    return "look at the address with `curl -I` on this host"
