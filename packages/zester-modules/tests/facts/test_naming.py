import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from zester_modules.facts import naming
from zester_modules.facts.source import Source


@pytest.fixture
def calls_itself(monkeypatch: pytest.MonkeyPatch):
    def set_(node: str, canonical: str | OSError) -> None:
        def resolve(*_args: Any, **_more: Any) -> list[Any]:
            if isinstance(canonical, OSError):
                raise canonical
            return [(socket.AF_INET, socket.SOCK_DGRAM, 0, canonical, ("10.0.0.1", 0))]

        monkeypatch.setattr(socket, "gethostname", lambda: node)
        monkeypatch.setattr(socket, "getaddrinfo", resolve)

    return set_


@pytest.mark.parametrize(
    ("node", "canonical", "fqdn"),
    [
        ("web1", "web1.example.net", "web1.example.net"),
        ("web1", "web1.example.net.", "web1.example.net"),
        ("web1", socket.gaierror(-2, "Name or service not known"), "web1"),
        ("web1", "localhost", "web1"),
        ("web1", "10.0.0.1", "web1"),
        ("web1", "", "web1"),
        ("web1.lan", "other.example.net", "web1.lan"),
    ],
)
def test_a_host_is_called_what_it_says_or_what_the_resolver_knows(
    tmp_path: Path, calls_itself: Any, node: str, canonical: Any, fqdn: str
):
    calls_itself(node, canonical)
    found = naming.names(Source(tmp_path))
    assert found == {"hostname": "web1", "fqdn": fqdn, "domain": fqdn.partition(".")[2]}


def test_a_resolver_that_hangs_costs_the_domain_and_not_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    never = threading.Event()

    def hang(*_args: Any, **_more: Any) -> list[Any]:
        never.wait()
        return []

    monkeypatch.setattr(naming, "_SECONDS", 0.05)
    monkeypatch.setattr(socket, "gethostname", lambda: "web1")
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    assert naming.names(Source(tmp_path)) == {"hostname": "web1", "fqdn": "web1", "domain": ""}
    never.set()
