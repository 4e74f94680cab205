"""Where workers of this host ask their agent: for files, newer settings, and the basket."""

import asyncio
import contextlib
import os
import socket
import struct
from typing import Final, cast

from zester_modules.states.fetching import (
    Got,
    Question,
    SettingsWant,
    Want,
    frame,
    length_of,
    short_path,
)
from zester_peel.basket.counter import BasketCounter
from zester_peel.config import PeelConfig
from zester_peel.files.keeper import TreeKeeper
from zester_peel.settings.keeper import SettingsKeeper
from zester_proto.codec import decode
from zester_proto.errors import CodecError, ZesterError
from zester_proto.logs import Log

SOCKET: Final = "trees.sock"
_QUESTION: Final = cast("type[Question]", Question)
_CREDENTIALS: Final = struct.Struct("3i")


class Counter:
    """Serves a Unix socket in a private folder, to processes of this agent's user alone."""

    def __init__(
        self,
        config: PeelConfig,
        keeper: TreeKeeper,
        settings: SettingsKeeper,
        basket: BasketCounter,
        log: Log,
    ) -> None:
        self.path = config.state_dir / SOCKET
        self._keeper = keeper
        self._settings = settings
        self._basket = basket
        self._log = log

    async def serve(self) -> None:
        """Answer until cancelled.

        Raises:
            OSError: the socket cannot be made.
        """
        folder = os.open(self.path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.path.unlink(missing_ok=True)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(short_path(folder, SOCKET))
            self.path.chmod(0o600)
            server = await asyncio.start_unix_server(self._answer, sock=listening)
            async with server:
                await server.serve_forever()
        finally:
            os.close(folder)
            self.path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_ours(writer):
                length = length_of(await reader.readexactly(4))
                question = decode(await reader.readexactly(length), _QUESTION)
                if isinstance(question, Want):
                    got = await self._fetch(question)
                elif isinstance(question, SettingsWant):
                    got = await self._look()
                else:
                    got = await self._basket.answer(question)
                writer.write(frame(got))
                await writer.drain()
        except (CodecError, OSError, asyncio.IncompleteReadError) as error:
            self._log.debug("a worker's question is not answered", error=str(error))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _fetch(self, want: Want) -> Got:
        try:
            root = bytes.fromhex(want.root)
            found = await self._keeper.fetch(root, want.env, want.path)
        except (ValueError, LookupError):
            return Got()
        except ZesterError as error:
            return Got(error=error.message, hint=error.hint)
        return Got(path=str(found))

    async def _look(self) -> Got:
        try:
            return Got(generation=await self._settings.refresh())
        except ZesterError as error:
            return Got(error=error.message, hint=error.hint)


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    peer: socket.socket = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return uid in {0, os.geteuid()}
