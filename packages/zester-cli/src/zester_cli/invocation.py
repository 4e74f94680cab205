"""What every command is given, and how it comes to a client."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from zester_cli.options import Options
from zester_cli.output.screen import Screen
from zester_cli.site import SiteConfig, load_site

if TYPE_CHECKING:
    from zester_cli.client import Client

T = TypeVar("T")


class Invocation(NamedTuple):
    """One command line under way."""

    options: Options
    screen: Screen

    def site(self) -> SiteConfig:
        """Read the configuration.

        Raises:
            UsageError: there is none, or it is wrong.
        """
        return load_site(self.options.config)


def with_client(invocation: Invocation, work: "Callable[[Client], Awaitable[T]]") -> T:
    """Connect, do the work, and close.

    Raises:
        CliError: there is no connection, or what the work raises.
    """
    from zester_cli.client import connected  # noqa: PLC0415  # only commands that connect pay

    config = invocation.site()

    _set_up_logs(debug=invocation.options.debug)

    async def body() -> T:
        async with connected(config, invocation.screen.warn) as client:
            return await work(client)

    return asyncio.run(body())


def _set_up_logs(*, debug: bool) -> None:
    """Keep what libraries log away from the screen, unless it is wanted."""
    if debug:
        from zester_proto import logs  # noqa: PLC0415  # only --debug pays

        logs.setup("debug", "text")
    else:
        logging.getLogger().addHandler(logging.NullHandler())
