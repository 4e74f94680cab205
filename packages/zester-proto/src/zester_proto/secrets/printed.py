"""What a process prints, without what is secret."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self, TextIO

from zester_proto.secrets.masker import Masker


class Printed:
    """Stands in the place of `sys.stdout` or `sys.stderr`: texts leave it without secrets.

    What may be the begin of one waits for its rest.
    What another process writes to the same file goes past it.

    Args:
        stream: takes what is left.
        masker: knows the secrets; what it learns later counts, too.
    """

    def __init__(self, stream: TextIO, masker: Masker) -> None:
        self._printed = stream
        self._masked = masker.stream()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._printed, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pass_on(self._masked.end())
        self.flush()

    def write(self, text: str) -> int:
        """Write a text."""
        self._pass_on(self._masked.feed(text.encode("utf-8", "surrogatepass")))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for one in lines:
            self.write(one)

    def flush(self) -> None:
        """Have written what can go."""
        self._printed.flush()

    def _pass_on(self, data: bytes) -> None:
        if data:
            self._printed.write(data.decode("utf-8", "surrogatepass"))
