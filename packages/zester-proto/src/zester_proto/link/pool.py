"""Which servers to try, in which order: the given ones and those that the cluster told of."""

import random
from collections.abc import Iterable
from typing import Final

from zester_proto.link.options import Server

MAX_SERVERS: Final = 64


class Pool:
    """The addresses of one cluster; the order is drawn once, so that a fleet spreads over them."""

    def __init__(self, servers: Iterable[Server], rng: random.Random) -> None:
        given = list(dict.fromkeys(servers))
        rng.shuffle(given)
        self._servers = given

    def __len__(self) -> int:
        return len(self._servers)

    def round(self) -> list[Server]:
        """Give all, in the order in which to try them."""
        return list(self._servers)

    def demote(self, server: Server) -> None:
        """Try this one last from now on: it failed, or its connection broke."""
        if server in self._servers:
            self._servers.remove(server)
            self._servers.append(server)

    def learn(self, servers: Iterable[Server]) -> None:
        """Add what the cluster told of, up to a bound."""
        known = {(one.host, one.port) for one in self._servers}
        for server in servers:
            if (server.host, server.port) not in known and len(known) < MAX_SERVERS:
                known.add((server.host, server.port))
                self._servers.append(server)
