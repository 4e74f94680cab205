"""Addresses of the web as operators see them."""

from urllib.parse import urlsplit, urlunsplit


def shown(url: str) -> str:
    """Give an address as it may be told: without the password in it, or its query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
