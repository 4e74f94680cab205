"""What a host is called."""

import contextlib
import ipaddress
import socket
import threading
from typing import Any, Final

from zester_modules.facts.source import Source

_SECONDS: Final = 3.0
"""A resolver without a network may take minutes."""

_LOCAL: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


def names(source: Source) -> dict[str, Any]:
    """Collect `hostname`, `fqdn` and `domain`."""
    node = socket.gethostname().rstrip(".")
    fqdn = node if "." in node else full_name(node, source.text("/etc/hosts")) or _asked(node)
    return split_name(node, fqdn)


def split_name(node: str, fqdn: str) -> dict[str, Any]:
    """Give the three names of a host that calls itself `node`."""
    return {
        "hostname": node.partition(".")[0],
        "fqdn": fqdn,
        "domain": fqdn.partition(".")[2],
    }


def full_name(node: str, hosts: str) -> str:
    """Give the name with a domain that a hosts file has for this host, or ""."""
    for line in hosts.splitlines():
        words = line.partition("#")[0].split()
        if node in words[1:]:
            for word in words[1:]:
                if "." in word and word.startswith(f"{node}.") and word not in _LOCAL:
                    return word
    return ""


def _asked(node: str) -> str:
    """Ask the resolver; a host that it does not know, or not in time, is what it calls itself."""
    found: list[str] = []

    def ask() -> None:
        # a name that is no DNS name cannot be asked for
        with contextlib.suppress(OSError, UnicodeError):
            # for bytes no codec of international names is loaded
            name = node.encode() if node.isascii() else node
            answers = socket.getaddrinfo(
                name, None, type=socket.SOCK_DGRAM, flags=socket.AI_CANONNAME
            )
            found.extend(answer[3].rstrip(".") for answer in answers[:1])

    thread = threading.Thread(target=ask, daemon=True, name="zester-resolver")
    thread.start()
    thread.join(_SECONDS)
    name = found[0] if found else ""
    return node if not name or name in _LOCAL or _is_address(name) else name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
